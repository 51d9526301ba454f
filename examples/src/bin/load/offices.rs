//! Offices for the measurement: certificates, log-ins, licences, and containers signed beforehand.

use std::io::Cursor;
use std::num::NonZeroU8;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand;
use bytes::Bytes;
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, KeyAlgorithm, PrivateKey, SoftwareSigner, Validity,
    WriterOptions, container_digest,
};
use careplan_licence::{EventKind, TermsEdition};
use careplan_platform::{Administration, PasswordValidity, Settings, SystemClock};
use careplan_protocol::{LogInRequest, Password};
use chrono::Utc;

use crate::failure::Failure;

/// Containers each sender has; used again and again under new idempotency keys.
const CONTAINERS: u32 = 3;
/// What a container holds besides the content of its files.
const FRAME: u64 = 3_500;

/// An office that can log in.
pub(crate) struct Office {
    pub(crate) number: OfficeNumber,
    pub(crate) log_in: LogInRequest,
    pub(crate) signer: SoftwareSigner,
}

/// A container to send.
#[derive(Clone)]
pub(crate) struct Container {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: Sha256Digest,
}

/// An office that sends to another.
pub(crate) struct Pair {
    pub(crate) sender: Office,
    pub(crate) receiver: Office,
    pub(crate) containers: Vec<Container>,
}

/// The number of an office: of Tokyo, one after another.
pub(crate) fn number(index: u32) -> Result<OfficeNumber, Failure> {
    let serial = 70_000_000_u32.saturating_add(index);
    format!("13{serial:08}").parse().map_err(Failure::of)
}

/// Registers and licenses offices at the platform of a home, with certificates of its authority.
pub(crate) fn prepare(home: &Path, count: u32) -> Result<Vec<Office>, Failure> {
    let mut authority = Authority::open(&home.join("authority")).map_err(Failure::of)?;
    // Where the platform keeps what it is given, by its configuration and the same environment.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings =
        Settings::read(&home.join(Settings::FILE), variables, []).map_err(Failure::of)?;
    let storage = settings.storage_choice().map_err(Failure::of)?;
    let administration =
        Administration::open_with(storage, home, Arc::new(SystemClock)).map_err(Failure::of)?;
    let terms: TermsEdition = "2026-04".parse().map_err(Failure::of)?;
    let password: Password = uuid::Uuid::new_v4()
        .to_string()
        .parse()
        .map_err(Failure::of)?;
    let validity = Validity::days(Utc::now(), 2).map_err(Failure::of)?;
    (0..count)
        .map(|index| {
            let number = number(index)?;
            let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(Failure::of)?;
            let request = key.request_pem(number).map_err(Failure::of)?;
            let issued = authority
                .issue_office(
                    request.as_bytes(),
                    number,
                    CertificateKind::CareDx,
                    validity,
                )
                .map_err(Failure::of)?;
            let by = format!("KJ00{number}").parse().map_err(Failure::of)?;
            administration
                .register_office(number)
                .map_err(Failure::of)?;
            administration
                .set_password(number, by, &password, PasswordValidity::Unlimited)
                .map_err(Failure::of)?;
            let state = administration.licence(number).map_err(Failure::of)?;
            if !state.standing.is_valid() {
                let years = NonZeroU8::MIN;
                let events = [
                    EventKind::Applied { by, years },
                    EventKind::Consented {
                        by,
                        terms: terms.clone(),
                        read_to_end: true,
                    },
                ];
                administration
                    .record_licence_events(number, events)
                    .map_err(Failure::of)?;
            }
            Ok(Office {
                number,
                log_in: LogInRequest {
                    user_id: by,
                    password: password.clone(),
                },
                signer: SoftwareSigner::new(key, vec![issued.certificate]).map_err(Failure::of)?,
            })
        })
        .collect()
}

impl Pair {
    /// Makes pairs of offices, each with containers of about `size` bytes.
    pub(crate) fn of(offices: Vec<Office>, size: u64) -> Result<Vec<Self>, Failure> {
        let mut offices = offices.into_iter();
        let mut pairs = Vec::new();
        while let (Some(sender), Some(receiver)) = (offices.next(), offices.next()) {
            let containers = (0..CONTAINERS)
                .map(|number| container(&sender, receiver.number, number, size))
                .collect::<Result<_, _>>()?;
            pairs.push(Self {
                sender,
                receiver,
                containers,
            });
        }
        Ok(pairs)
    }
}

/// A month set whose plan is random, so that compression does not make it smaller than it should
/// be. The platform does not open tables.
fn container(
    sender: &Office,
    receiver: OfficeNumber,
    number: u32,
    size: u64,
) -> Result<Container, Failure> {
    let mut content = vec![0; usize::try_from(size.saturating_sub(FRAME)).unwrap_or(0)];
    rand::fill(&mut content).map_err(Failure::system)?;
    let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default())
        .map_err(Failure::of)?;
    for (kind, content) in [
        ("UPPLAN", content.as_slice()),
        ("UPSIKYU", b"\r\n"),
        ("UPHOSOKU", b"\r\n"),
    ] {
        let sender = sender.number;
        let name = format!("{kind}_202610_{sender}_43_{receiver}_11_202609211133{number:02}.CSV");
        writer.add(&name, &mut &content[..]).map_err(Failure::of)?;
    }
    let (_, mut container) = writer
        .finish(&sender.signer, Utc::now())
        .map_err(Failure::of)?;
    Ok(Container {
        sha256: container_digest(&mut container).map_err(Failure::system)?,
        bytes: container.into_inner().into(),
    })
}
