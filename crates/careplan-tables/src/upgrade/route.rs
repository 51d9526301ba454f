//! Which service types the files of a set go between: edition 3 does not say, the records do.

use std::collections::{BTreeMap, BTreeSet};

use careplan_core::{OfficeNumber, ServiceType, SetKind};

use super::Converted;
use super::reason::{Reason, Side};
use crate::import::Person;
use crate::table::FileKind;
use crate::value::CareLevel;

/// What a record tells.
#[derive(Clone, Copy)]
pub(super) struct Evidence {
    pub(super) person: Person,
    /// The service office of the row.
    pub(super) office: Option<OfficeNumber>,
    /// The type of the row's service, if it is one of the table's.
    pub(super) service_type: Option<ServiceType>,
    pub(super) care_level: Option<CareLevel>,
}

impl Evidence {
    pub(super) const fn of(person: Person) -> Self {
        Self {
            person,
            office: None,
            service_type: None,
            care_level: None,
        }
    }
}

/// The service types of sender and receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) sender: ServiceType,
    pub(super) receiver: ServiceType,
}

/// Which record goes which way.
pub(super) enum Routing {
    /// All the same.
    Whole(Route),
    /// Plans: a person goes wherever one of the person's services is.
    ByPerson(BTreeMap<Person, BTreeSet<Route>>),
    /// Actuals: a row goes where its type belongs.
    ByType(BTreeMap<ServiceType, Route>),
}

impl Routing {
    /// Finds the way of every record.
    pub(super) fn find(
        set: SetKind,
        receiver: OfficeNumber,
        files: &[Converted],
        sender_type: Option<ServiceType>,
        receiver_type: Option<ServiceType>,
    ) -> Result<Self, Vec<Reason>> {
        if let (Some(sender), Some(receiver)) = (sender_type, receiver_type) {
            return Ok(Self::Whole(Route { sender, receiver }));
        }
        match set {
            SetKind::Actuals | SetKind::ActualsDeletion => {
                by_type(files, sender_type, receiver_type)
            }
            _ => by_person(receiver, files, sender_type, receiver_type),
        }
    }

    /// All ways, sorted.
    pub(super) fn routes(&self) -> BTreeSet<Route> {
        match self {
            Self::Whole(route) => BTreeSet::from([*route]),
            Self::ByPerson(people) => people.values().flatten().copied().collect(),
            Self::ByType(types) => types.values().copied().collect(),
        }
    }

    /// Whether a record goes this way.
    pub(super) fn takes(&self, route: Route, evidence: &Evidence) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::ByPerson(people) => people
                .get(&evidence.person)
                .is_some_and(|routes| routes.contains(&route)),
            Self::ByType(types) => evidence
                .service_type
                .and_then(|kind| types.get(&kind))
                .is_some_and(|found| *found == route),
        }
    }

    /// If there is one way only, everything takes it, also what tells nothing.
    fn simplified(self) -> Self {
        let routes = self.routes();
        match (routes.first(), routes.len()) {
            (Some(route), 1) => Self::Whole(*route),
            _ => self,
        }
    }
}

/// Plans and their deletions.
fn by_person(
    receiver: OfficeNumber,
    files: &[Converted],
    sender_type: Option<ServiceType>,
    receiver_type: Option<ServiceType>,
) -> Result<Routing, Vec<Reason>> {
    let mut people: BTreeMap<Person, Known> = BTreeMap::new();
    let leading = |file: &&Converted| {
        // Table 7 has the same services; table 6 says which of them is planned.
        matches!(file.kind, FileKind::Table1 | FileKind::Table6Plan)
    };
    for evidence in files.iter().filter(leading).flat_map(|file| &file.evidence) {
        people
            .entry(evidence.person)
            .or_default()
            .add(evidence, receiver);
    }
    let mut routes = BTreeMap::new();
    let (mut managers, mut services) = (
        BTreeSet::from_iter(sender_type),
        BTreeSet::from_iter(receiver_type),
    );
    for (person, known) in people {
        let sender = match (sender_type, known.manager()) {
            (Some(sender), _) | (None, Ok(Some(sender))) => Some(sender),
            (None, Ok(None)) => None,
            (None, Err(types)) => {
                return Err(vec![Reason::ServiceTypes {
                    side: Side::Sender,
                    types,
                }]);
            }
        };
        let receivers = match receiver_type {
            Some(receiver) => BTreeSet::from([receiver]),
            None => known.of_receiver,
        };
        managers.extend(sender);
        services.extend(&receivers);
        if let Some(sender) = sender {
            let of_person = receivers
                .into_iter()
                .map(|receiver| Route { sender, receiver });
            routes.insert(person, of_person.collect::<BTreeSet<_>>());
        }
    }
    let missing = [
        (Side::Sender, managers.is_empty()),
        (Side::Receiver, services.is_empty()),
    ];
    let reasons: Vec<Reason> = missing
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(side, _)| Reason::ServiceTypes {
            side,
            types: Vec::new(),
        })
        .collect();
    if !reasons.is_empty() {
        return Err(reasons);
    }
    // One type on each side is known: there is no other way to go.
    if let (Some(&sender), 1, Some(&receiver), 1) = (
        managers.first(),
        managers.len(),
        services.first(),
        services.len(),
    ) {
        return Ok(Routing::Whole(Route { sender, receiver }));
    }
    let placed = |evidence: &Evidence| {
        routes
            .get(&evidence.person)
            .is_some_and(|routes| !routes.is_empty())
    };
    all_placed(files, placed)?;
    Ok(Routing::ByPerson(routes).simplified())
}

/// Actuals and their deletion.
fn by_type(
    files: &[Converted],
    sender_type: Option<ServiceType>,
    receiver_type: Option<ServiceType>,
) -> Result<Routing, Vec<Reason>> {
    let mut types = BTreeMap::new();
    for evidence in files.iter().flat_map(|file| &file.evidence) {
        if let Some(kind) = evidence.service_type {
            types.insert(
                kind,
                Route {
                    sender: sender_type.unwrap_or(kind),
                    receiver: receiver_type.unwrap_or(manager_of(kind)),
                },
            );
        }
    }
    if types.is_empty() {
        return Err(vec![Reason::ServiceTypes {
            side: if sender_type.is_none() {
                Side::Sender
            } else {
                Side::Receiver
            },
            types: Vec::new(),
        }]);
    }
    let routing = Routing::ByType(types).simplified();
    if let Routing::ByType(types) = &routing {
        all_placed(files, |evidence| {
            evidence
                .service_type
                .is_some_and(|kind| types.contains_key(&kind))
        })?;
    }
    Ok(routing)
}

/// With several ways to go, every record has to have one: nothing is left out.
fn all_placed(files: &[Converted], placed: impl Fn(&Evidence) -> bool) -> Result<(), Vec<Reason>> {
    let reasons: Vec<Reason> = files
        .iter()
        .filter_map(|file| {
            let records: Vec<u64> = (1..)
                .zip(&file.evidence)
                .filter(|(_, evidence)| !placed(evidence))
                .map(|(number, _)| number)
                .collect();
            (!records.is_empty()).then_some(Reason::Unplaced {
                file: file.kind,
                records,
            })
        })
        .collect();
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons)
    }
}

/// What is known of a person in a plan.
#[derive(Default)]
struct Known {
    care_levels: BTreeSet<CareLevel>,
    services: BTreeSet<ServiceType>,
    /// Types of the services that the receiver gives.
    of_receiver: BTreeSet<ServiceType>,
}

impl Known {
    fn add(&mut self, evidence: &Evidence, receiver: OfficeNumber) {
        self.care_levels.extend(evidence.care_level);
        self.services.extend(evidence.service_type);
        if evidence.office == Some(receiver) {
            self.of_receiver.extend(evidence.service_type);
        }
    }

    /// 43 or 46, if something tells; both if something tells each.
    fn manager(&self) -> Result<Option<ServiceType>, Vec<ServiceType>> {
        // A municipality's services may go on for someone who came to need care: others decide.
        let national: BTreeSet<_> = self
            .services
            .iter()
            .filter(|kind| !is_municipal(**kind))
            .collect();
        let by_service = if national.is_empty() {
            self.services.iter().map(|kind| manager_of(*kind)).collect()
        } else {
            national
                .iter()
                .map(|kind| manager_of(**kind))
                .collect::<BTreeSet<_>>()
        };
        let by_level = self.care_levels.iter().filter_map(|level| match level {
            CareLevel::ProgrammeTarget | CareLevel::Support1 | CareLevel::Support2 => {
                Some(ServiceType::PREVENTIVE_SUPPORT)
            }
            CareLevel::Care1
            | CareLevel::Care2
            | CareLevel::Care3
            | CareLevel::Care4
            | CareLevel::Care5 => Some(ServiceType::CARE_MANAGEMENT),
            CareLevel::Other(_) => None,
        });
        let found: BTreeSet<ServiceType> = by_service.into_iter().chain(by_level).collect();
        if found.len() > 1 {
            return Err(found.into_iter().collect());
        }
        Ok(found.into_iter().next())
    }
}

/// Whether it is one of the municipalities' comprehensive services (総合事業).
fn is_municipal(kind: ServiceType) -> bool {
    kind.as_str().starts_with('A')
}

/// Who plans services of a type: 46 if they are preventive, otherwise 43.
fn manager_of(kind: ServiceType) -> ServiceType {
    if is_municipal(kind) || kind.name_ja().contains("介護予防") {
        ServiceType::PREVENTIVE_SUPPORT
    } else {
        ServiceType::CARE_MANAGEMENT
    }
}
