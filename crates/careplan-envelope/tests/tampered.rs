//! Containers that must not pass: each with the reason it has to be refused for.
//!
//! Archives are written byte by byte by the tests, odd certificates and signatures by OpenSSL.
//! The last case checks that every reason there is occurs in one of the tables.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::collections::BTreeSet;
use std::io::Cursor;

use ::cms::content_info::ContentInfo;
use ::cms::signed_data::{SignedData, SignerIdentifier, SignerInfos};
use careplan_envelope::*;
use chrono::{DateTime, TimeDelta, Utc};
use common::cms::{
    CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V1, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    attribute, edited, edited_signer, oid, resigned, set_values,
};
use common::openssl::{OFFICE, OpenSsl, P256, RSA2048, SUBJECT};
use common::parts::{self, MANIFEST, MIMETYPE, SIG_REFERENCE, SIGNATURE, digest, reference};
use common::zip::{self, Entry, write, write_behind};
use common::{authority, now, signer};
use der::asn1::{Any, Null, OctetString, SetOfVec};
use der::{Decode, Encode};

/// What a table has to show: a name for the case, the reason, the container.
type Case = (&'static str, Refusal, Vec<u8>);

const FILES: [(&str, &[u8]); 2] = [
    ("UPPLAN.CSV", b"1,2,3\r\n1,2,3\r\n1,2,3\r\n1,2,3\r\n"),
    ("PLAN.PDF", b"%PDF-1.7"),
];

/// A good container in parts, to be spoilt.
struct Good {
    authority: Authority,
    signer: SoftwareSigner,
    manifest: Vec<u8>,
    signature: Vec<u8>,
}

impl Good {
    fn new() -> Self {
        let mut authority = authority();
        let signer = signer(&mut authority);
        let (_, container) = common::container_with(&signer, Compression::Deflate, &FILES);
        let mut archive = ::zip::ZipArchive::new(Cursor::new(container)).unwrap();
        let mut entry = |name: &str| {
            let mut contents = Vec::new();
            std::io::copy(&mut archive.by_name(name).unwrap(), &mut contents).unwrap();
            contents
        };
        let (manifest, signature) = (entry(MANIFEST), entry(SIGNATURE));
        Self {
            authority,
            signer,
            manifest,
            signature,
        }
    }

    fn entries(&self) -> Vec<Entry> {
        parts::entries(&FILES, &self.manifest, &self.signature)
    }

    /// The container with its entries edited.
    fn with(&self, edit: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
        let mut entries = self.entries();
        edit(&mut entries);
        write(&entries).bytes
    }

    /// The container with one entry edited.
    fn with_entry(&self, index: usize, edit: impl FnOnce(&mut Entry)) -> Vec<u8> {
        self.with(|entries| edit(&mut entries[index]))
    }

    /// The container with bytes behind the offsets of a record replaced.
    fn patched(&self, at: impl FnOnce(&zip::Archive) -> usize, bytes: &[u8]) -> Vec<u8> {
        let archive = write(&self.entries());
        let at = at(&archive);
        archive.patched(at, bytes)
    }

    /// The container with another signature.
    fn signed(&self, signature: Vec<u8>) -> Vec<u8> {
        write(&parts::entries(&FILES, &self.manifest, &signature)).bytes
    }

    /// A container of other files and manifest, properly signed.
    fn sign_manifest(&self, files: &[(&str, &[u8])], manifest: &str) -> Vec<u8> {
        let signature = resigned(&self.signature, &self.signer, |attributes| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, manifest.as_bytes());
            let digest = OctetString::new(digest.as_ref()).unwrap();
            set_values(
                attributes,
                MESSAGE_DIGEST,
                vec![Any::encode_from(&digest).unwrap()],
            );
        });
        write(&parts::entries(files, manifest.as_bytes(), &signature)).bytes
    }

    fn verifier(&self) -> Verifier {
        common::verifier(&self.authority)
    }
}

fn code_of(verifier: &Verifier, container: &[u8], at: DateTime<Utc>) -> &'static str {
    match verifier.verify(Cursor::new(container), at) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

/// Runs a table; gives the reasons that occurred.
fn check(verifier: &Verifier, at: DateTime<Utc>, cases: Vec<Case>) -> BTreeSet<&'static str> {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(name, refusal, container)| (name, refusal.code(), code_of(verifier, container, at)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| format!("{name}: {found} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    cases.iter().map(|(_, refusal, _)| refusal.code()).collect()
}

fn archive_cases(good: &Good) -> Vec<Case> {
    use Refusal as R;
    let container = write(&good.entries()).bytes;
    let file = 1;
    let last = good.entries().len() - 1;
    let behind = |bytes: &[u8]| [&container[..], bytes].concat();
    let crc = good.entries()[file].crc.to_le_bytes();
    vec![
        ("empty", R::NotAContainer, Vec::new()),
        ("21 bytes", R::NotAContainer, vec![b'P'; 21]),
        (
            "a PDF",
            R::NotAContainer,
            b"%PDF-1.7 and some more bytes".to_vec(),
        ),
        (
            "cut off",
            R::NotAContainer,
            container[..container.len() - 22].to_vec(),
        ),
        (
            "cut off by one",
            R::NotAContainer,
            container[..container.len() - 1].to_vec(),
        ),
        ("a comment", R::UnsupportedArchive, {
            let mut bytes = behind(b"hi");
            let at = container.len() - 2;
            bytes[at] = 2;
            bytes
        }),
        (
            "a comment that is not there",
            R::DamagedArchive,
            good.patched(|a| a.end + 20, &[2]),
        ),
        ("behind the end", R::StrayBytes, behind(b"x")),
        (
            "a kilobyte behind the end",
            R::StrayBytes,
            behind(&[0; 1024]),
        ),
        ("two archives", R::StrayBytes, behind(&container)),
        ("two central directories", R::StrayBytes, {
            let archive = write(&good.entries());
            let directory = archive.bytes[archive.centrals[0]..].to_vec();
            behind(&directory)
        }),
        ("a second central directory in a gap", R::StrayBytes, {
            let other = write(&good.entries());
            let directory = other.bytes[other.centrals[0]..].to_vec();
            good.with_entry(last, |entry| entry.behind = directory)
        }),
        (
            "before the start",
            R::StrayBytes,
            write_behind(b"MZ", &good.entries()).bytes,
        ),
        (
            "before the start, offsets unchanged",
            R::StrayBytes,
            [b"MZ", &container[..]].concat(),
        ),
        (
            "between entries",
            R::StrayBytes,
            good.with_entry(1, |entry| entry.behind = vec![0]),
        ),
        (
            "before the directory",
            R::StrayBytes,
            good.with_entry(last, |entry| entry.behind = vec![0]),
        ),
        ("entry order of the directory", R::StrayBytes, {
            let archive = write(&good.entries());
            let (a, b) = (archive.centrals[1] + 42, archive.centrals[2] + 42);
            let (first, second) = (archive.locals[1] as u32, archive.locals[2] as u32);
            let bytes = archive.patched(a, &second.to_le_bytes());
            let mut bytes = bytes;
            bytes[b..b + 4].copy_from_slice(&first.to_le_bytes());
            bytes
        }),
        ("two entries on the same data", R::StrayBytes, {
            let archive = write(&good.entries());
            let first = archive.locals[1] as u32;
            let at = archive.centrals[2] + 42;
            archive.patched(at, &first.to_le_bytes())
        }),
        ("an entry inside another's data", R::StrayBytes, {
            let inner = write(&[Entry::stored("INNER.CSV", b"inner")]);
            let inner_local = inner.bytes[..inner.centrals[0]].to_vec();
            let mut entries = good.entries();
            entries.insert(2, Entry::stored("OUTER.CSV", &inner_local));
            entries.insert(3, Entry::stored("INNER.CSV", b"inner"));
            let archive = write(&entries);
            let nested = (archive.locals[2] + 30 + "OUTER.CSV".len()) as u32;
            let at = archive.centrals[3] + 42;
            archive.patched(at, &nested.to_le_bytes())
        }),
        ("an entry that ends behind the directory", R::StrayBytes, {
            good.with_entry(last, |entry| {
                entry.compressed += 10_000;
                entry.size += 10_000;
            })
        }),
        ("a directory longer than said", R::StrayBytes, {
            let archive = write(&good.entries());
            let count = (good.entries().len() - 1) as u16;
            let at = archive.end + 8;
            archive.patched(at, &[count.to_le_bytes(), count.to_le_bytes()].concat())
        }),
        ("a directory shorter than said", R::DamagedArchive, {
            let archive = write(&good.entries());
            let count = (good.entries().len() + 1) as u16;
            let at = archive.end + 8;
            archive.patched(at, &[count.to_le_bytes(), count.to_le_bytes()].concat())
        }),
        (
            "a damaged directory record",
            R::DamagedArchive,
            good.patched(|a| a.centrals[1], b"XK"),
        ),
        (
            "a damaged local record",
            R::HeaderMismatch,
            good.patched(|a| a.locals[1], b"XK"),
        ),
        (
            "several disks",
            R::UnsupportedArchive,
            good.patched(|a| a.end + 4, &[1]),
        ),
        (
            "a directory on another disk",
            R::UnsupportedArchive,
            good.patched(|a| a.end + 6, &[1]),
        ),
        (
            "a directory in two parts",
            R::UnsupportedArchive,
            good.patched(|a| a.end + 8, &[1]),
        ),
        (
            "Zip64 in the end record",
            R::UnsupportedArchive,
            good.patched(|a| a.end + 16, &[0xff; 4]),
        ),
        ("Zip64 in an entry", R::UnsupportedArchive, {
            good.with_entry(file, |entry| entry.size = u32::MAX)
        }),
        (
            "for a newer reader",
            R::UnsupportedArchive,
            good.with_entry(file, |entry| entry.needed = 45),
        ),
        ("made on an odd system", R::UnsupportedArchive, {
            good.with(|entries| entries.iter_mut().for_each(|entry| entry.made_by = 0x0714))
        }),
        (
            "another name in the local header",
            R::HeaderMismatch,
            good.patched(|a| a.locals[1] + 30, b"X"),
        ),
        (
            "another size in the local header",
            R::HeaderMismatch,
            good.patched(|a| a.locals[1] + 22, &[1]),
        ),
        ("another checksum in the local header", R::HeaderMismatch, {
            good.patched(|a| a.locals[1] + 14, &[crc[0] ^ 1])
        }),
        (
            "another method in the local header",
            R::HeaderMismatch,
            good.patched(|a| a.locals[1] + 8, &[0]),
        ),
        (
            "another time in the local header",
            R::HeaderMismatch,
            good.patched(|a| a.locals[1] + 10, &[0]),
        ),
        (
            "a data descriptor in the local header only",
            R::HeaderMismatch,
            { good.patched(|a| a.locals[1] + 6, &[8]) },
        ),
        ("an extra field in the local header", R::HeaderMismatch, {
            good.with_entry(file, |entry| entry.local_extra = vec![0x55, 0x54, 0, 0])
        }),
        (
            "encrypted",
            R::EncryptedEntry,
            good.with_entry(file, |entry| entry.flags = 1),
        ),
        (
            "strongly encrypted",
            R::EncryptedEntry,
            good.with_entry(file, |entry| entry.flags = 0x40),
        ),
        (
            "masked headers",
            R::EncryptedEntry,
            good.with_entry(file, |entry| entry.flags = 0x2000),
        ),
        (
            "a data descriptor",
            R::EntryFlags,
            good.with_entry(file, |entry| entry.flags = 8),
        ),
        (
            "a patch",
            R::EntryFlags,
            good.with_entry(file, |entry| entry.flags = 0x20),
        ),
        (
            "compression effort of a stored entry",
            R::EntryFlags,
            good.with_entry(0, |entry| entry.flags = 2),
        ),
        (
            "bzip2",
            R::CompressionMethod,
            good.with_entry(file, |entry| entry.method = 12),
        ),
        (
            "AES",
            R::CompressionMethod,
            good.with_entry(file, |entry| entry.method = 99),
        ),
        ("a deflated manifest", R::CompressionMethod, {
            good.with(|entries| entries[3] = Entry::deflated(MANIFEST, &good.manifest))
        }),
        ("a deflated mimetype", R::CompressionMethod, {
            good.with(|entries| entries[0] = Entry::deflated("mimetype", MIMETYPE))
        }),
        ("an extra field", R::EntryAttributes, {
            good.with_entry(file, |entry| entry.central_extra = vec![0x55, 0x54, 0, 0])
        }),
        ("another name in an extra field", R::EntryAttributes, {
            // Info-ZIP Unicode path (0x7075): some readers would use it.
            let mut field = vec![0x75, 0x70, 10, 0, 1, 0, 0, 0, 0];
            field.extend(b"A.CSV");
            good.with_entry(file, |entry| entry.central_extra = field)
        }),
        ("an entry's comment", R::EntryAttributes, {
            good.with_entry(file, |entry| entry.comment = b"hi".to_vec())
        }),
        (
            "an entry on another disk",
            R::EntryAttributes,
            good.with_entry(file, |entry| entry.disk = 1),
        ),
        ("a symbolic link", R::EntryAttributes, {
            good.with(|entries| {
                entries
                    .iter_mut()
                    .for_each(|entry| entry.external = 0o120777 << 16);
            })
        }),
        ("a folder of MS-DOS", R::EntryAttributes, {
            good.with(|entries| entries.iter_mut().for_each(|entry| entry.external |= 0x10))
        }),
        ("a folder of Unix", R::EntryAttributes, {
            good.with(|entries| {
                entries
                    .iter_mut()
                    .for_each(|entry| entry.external = 0o040755 << 16);
            })
        }),
        ("different rights", R::EntryAttributes, {
            good.with_entry(file, |entry| entry.external = 0o100755 << 16)
        }),
        (
            "text marked",
            R::EntryAttributes,
            good.with_entry(file, |entry| entry.internal = 1),
        ),
        (
            "a directory far longer than its entries need",
            R::EntryAttributes,
            {
                let archive = write(&good.entries());
                let (before, end) = archive.bytes.split_at(archive.end);
                let mut end = end.to_vec();
                let size = (archive.end - archive.centrals[0] + 2_000) as u32;
                end[12..16].copy_from_slice(&size.to_le_bytes());
                [before, &[0; 2_000], &end].concat()
            },
        ),
        (
            "a thousand entries said and not there",
            R::TooManyEntries,
            {
                let archive = write(&good.entries());
                let count = 1_004_u16;
                let at = archive.end + 8;
                archive.patched(at, &[count.to_le_bytes(), count.to_le_bytes()].concat())
            },
        ),
        ("a directory full of padding", R::EntryAttributes, {
            good.with(|entries| {
                for entry in entries {
                    entry.comment = vec![b' '; 1000];
                }
            })
        }),
        ("a name in Shift_JIS", R::NameEncoding, {
            good.with_entry(file, |entry| entry.name = b"\x95\x5c.CSV".to_vec())
        }),
        ("a name in UTF-8 that does not say so", R::NameEncoding, {
            good.with_entry(file, |entry| entry.name = "表.CSV".as_bytes().to_vec())
        }),
    ]
}

fn content_cases(good: &Good) -> Vec<Case> {
    use Refusal as R;
    let file = 1;
    let named =
        |name: &'static str| good.with(|entries| entries[file] = Entry::deflated(name, FILES[0].1));
    let deflated = |data: Vec<u8>| {
        good.with_entry(file, |entry| {
            entry.compressed = data.len() as u32;
            entry.data = data;
        })
    };
    let compressed = zip::deflate(FILES[0].1);
    vec![
        (
            "a name with a folder",
            R::NameWithPath,
            named("PLAN/UPPLAN.CSV"),
        ),
        (
            "a name that climbs",
            R::NameWithPath,
            named("../UPPLAN.CSV"),
        ),
        ("an absolute name", R::NameWithPath, named("/UPPLAN.CSV")),
        (
            "a folder of Windows",
            R::NameWithPath,
            named("PLAN\\UPPLAN.CSV"),
        ),
        (
            "an absolute name of Windows",
            R::NameWithPath,
            named("C:\\UPPLAN.CSV"),
        ),
        ("only dots", R::NameWithPath, named("..")),
        ("a folder's entry", R::NameWithPath, named("PLAN/")),
        ("a device of Windows", R::NameForbidden, named("CON.CSV")),
        (
            "a stream of Windows",
            R::NameForbidden,
            named("UPPLAN.CSV:hidden"),
        ),
        (
            "a name with a line end",
            R::NameForbidden,
            named("UP\nPLAN.CSV"),
        ),
        (
            "a name with a zero byte",
            R::NameForbidden,
            named("UPPLAN.CSV\0.EXE"),
        ),
        (
            "a name that reads backwards",
            R::NameForbidden,
            named("PLAN\u{202e}FDP.EXE"),
        ),
        ("no name", R::NameForbidden, named("")),
        ("META-INF as a file", R::NameForbidden, named("META-INF")),
        ("the same name twice", R::DuplicateEntry, {
            good.with(|entries| entries.insert(2, Entry::deflated("UPPLAN.CSV", b"other")))
        }),
        ("the same name in other letters", R::DuplicateEntry, {
            good.with(|entries| entries.insert(2, Entry::deflated("upplan.csv", b"other")))
        }),
        ("mimetype twice", R::DuplicateEntry, {
            good.with(|entries| entries.insert(1, Entry::stored("mimetype", MIMETYPE)))
        }),
        (
            "no mimetype",
            R::MimetypeMissing,
            good.with(|entries| drop(entries.remove(0))),
        ),
        (
            "mimetype not first",
            R::MimetypeMissing,
            good.with(|entries| entries.swap(0, 1)),
        ),
        ("no entries", R::MimetypeMissing, write(&[]).bytes),
        ("a plain ZIP's mimetype", R::MimetypeWrong, {
            good.with(|entries| entries[0] = Entry::stored("mimetype", b"application/zip"))
        }),
        ("a simple ASiC's mimetype", R::MimetypeWrong, {
            good.with(|entries| {
                entries[0] = Entry::stored("mimetype", b"application/vnd.etsi.asic-s+zip");
            })
        }),
        ("mimetype with a line end", R::MimetypeWrong, {
            good.with(|entries| {
                entries[0] = Entry::stored("mimetype", &[MIMETYPE, b"\n"].concat());
            })
        }),
        (
            "no manifest",
            R::ManifestMissing,
            good.with(|entries| drop(entries.remove(3))),
        ),
        ("two manifests", R::SeveralManifests, {
            let second = Entry::stored("META-INF/ASiCManifest002.xml", &good.manifest);
            good.with(|entries| entries.insert(4, second))
        }),
        (
            "no signature",
            R::SignatureMissing,
            good.with(|entries| drop(entries.remove(4))),
        ),
        ("two signatures", R::SeveralSignatures, {
            let second = Entry::stored("META-INF/signature002.p7s", &good.signature);
            good.with(|entries| entries.push(second))
        }),
        ("another manifest of OpenDocument", R::UnexpectedMetadata, {
            good.with(|entries| entries.push(Entry::stored("META-INF/manifest.xml", b"<x/>")))
        }),
        ("a time stamp", R::UnexpectedMetadata, {
            good.with(|entries| entries.push(Entry::stored("META-INF/timestamp.tst", b"x")))
        }),
        ("a file under META-INF", R::UnexpectedMetadata, {
            good.with(|entries| entries.push(Entry::stored("META-INF/EXTRA.CSV", b"x")))
        }),
        ("a path under META-INF", R::UnexpectedMetadata, {
            good.with(|entries| entries.push(Entry::stored("META-INF/../EXTRA.CSV", b"x")))
        }),
        (
            "a manifest in a folder under META-INF",
            R::UnexpectedMetadata,
            { good.with(|entries| entries[3].name = b"META-INF/ASiCManifest/001.xml".to_vec()) },
        ),
        (
            "a signature in a folder under META-INF",
            R::UnexpectedMetadata,
            { good.with(|entries| entries[4].name = b"META-INF/001/signature.p7s".to_vec()) },
        ),
        ("META-INF in other letters", R::UnexpectedMetadata, {
            good.with(|entries| entries[3].name = b"Meta-Inf/ASiCManifest001.xml".to_vec())
        }),
        (
            "no files",
            R::NoFiles,
            good.with(|entries| drop(entries.drain(1..3))),
        ),
        (
            "a huge signature",
            R::MetadataTooLarge,
            good.signed(vec![b' '; 64 * 1024 + 1]),
        ),
        (
            "a huge mimetype",
            R::MetadataTooLarge,
            good.with(|entries| entries[0] = Entry::stored("mimetype", &[b' '; 100])),
        ),
        ("a huge manifest", R::MetadataTooLarge, {
            let mut manifest = good.manifest.clone();
            manifest.resize(4 * 1024 * 1024 + 1, b' ');
            good.with(|entries| entries[3] = Entry::stored(MANIFEST, &manifest))
        }),
        ("a bomb", R::ExpansionTooLarge, {
            good.with(|entries| entries[file] = Entry::deflated("UPPLAN.CSV", &vec![0; 30 << 20]))
        }),
        ("a bomb that says it is small", R::SizeMismatch, {
            good.with(|entries| {
                entries[file] = Entry::deflated("UPPLAN.CSV", &vec![0; 30 << 20])
                    .with(|entry| entry.size = 100);
            })
        }),
        (
            "a size that is too large",
            R::SizeMismatch,
            good.with_entry(file, |entry| entry.size += 1),
        ),
        (
            "a size that is too small",
            R::SizeMismatch,
            good.with_entry(file, |entry| entry.size -= 1),
        ),
        ("stored in two sizes", R::SizeMismatch, {
            good.with(|entries| {
                entries[file] =
                    Entry::stored("UPPLAN.CSV", FILES[0].1).with(|entry| entry.size += 1);
            })
        }),
        ("bytes behind the deflated data", R::SizeMismatch, {
            deflated([&compressed[..], b"hidden"].concat())
        }),
        (
            "a wrong checksum",
            R::ChecksumMismatch,
            good.with_entry(file, |entry| entry.crc ^= 1),
        ),
        (
            "deflated garbage",
            R::DamagedCompression,
            deflated(vec![0xff; 20]),
        ),
        ("deflated data without its end", R::DamagedCompression, {
            // A stored block of all the data that is not the last block, and nothing behind.
            let len = FILES[0].1.len() as u16;
            let mut block = vec![0];
            block.extend(len.to_le_bytes());
            block.extend((!len).to_le_bytes());
            block.extend(FILES[0].1);
            deflated(block)
        }),
        ("deflated data cut off", R::DamagedCompression, {
            deflated(compressed[..compressed.len() - 1].to_vec())
        }),
    ]
}

fn manifest_cases(good: &Good) -> Vec<Case> {
    use Refusal as R;
    let references: Vec<String> = FILES
        .iter()
        .map(|(name, contents)| reference(name, &digest(contents)))
        .collect();
    let both = references.concat();
    let body = format!("{SIG_REFERENCE}{both}");
    let sign = |manifest: &str| good.sign_manifest(&FILES, manifest);
    let replaced = |from: &str, to: &str| {
        let manifest = parts::manifest(&body);
        assert!(manifest.contains(from), "{from}");
        sign(&manifest.replacen(from, to, 1))
    };
    let malformed =
        |name: &'static str, container: Vec<u8>| (name, R::ManifestMalformed, container);
    vec![
        malformed("not XML", sign("UPPLAN.CSV")),
        malformed("an empty manifest", sign("")),
        malformed(
            "a manifest cut off",
            sign(parts::manifest(&body).trim_end_matches("</asic:ASiCManifest>")),
        ),
        malformed(
            "something behind the manifest",
            sign(&(parts::manifest(&body) + "<x/>")),
        ),
        malformed(
            "text in the manifest",
            replaced("</asic:ASiCManifest>", "x</asic:ASiCManifest>"),
        ),
        malformed(
            "a comment",
            replaced(SIG_REFERENCE, &format!("<!-- -->{SIG_REFERENCE}")),
        ),
        malformed(
            "an instruction",
            replaced(SIG_REFERENCE, &format!("<?x y?>{SIG_REFERENCE}")),
        ),
        malformed(
            "a document type",
            replaced("?>", "?><!DOCTYPE x [<!ENTITY e \"UPPLAN.CSV\">]>"),
        ),
        malformed("an entity", replaced("URI=\"UPPLAN.CSV\"", "URI=\"&e;\"")),
        malformed("UTF-16", replaced("UTF-8", "UTF-16")),
        malformed("XML 1.1", replaced("version=\"1.0\"", "version=\"1.1\"")),
        malformed(
            "another namespace",
            replaced("02918/v1.2.1#", "02918/v1.1.1#"),
        ),
        malformed(
            "another namespace of digests",
            replaced("09/xmldsig#", "09/other#"),
        ),
        malformed("no reference to the signature", replaced(SIG_REFERENCE, "")),
        malformed(
            "two references to the signature",
            replaced(SIG_REFERENCE, &SIG_REFERENCE.repeat(2)),
        ),
        malformed(
            "another media type of the signature",
            replaced("pkcs7-signature", "pkcs7-mime"),
        ),
        malformed(
            "an unknown attribute",
            replaced("URI=\"UPPLAN.CSV\"", "URI=\"UPPLAN.CSV\" Extra=\"1\""),
        ),
        malformed(
            "an attribute twice",
            replaced("URI=\"UPPLAN.CSV\"", "URI=\"UPPLAN.CSV\" URI=\"PLAN.PDF\""),
        ),
        malformed("many attributes", {
            let many: String = (0..20).map(|n| format!(" xmlns:x{n}=\"x\"")).collect();
            replaced("URI=\"UPPLAN.CSV\"", &format!("URI=\"UPPLAN.CSV\"{many}"))
        }),
        malformed("no URI", replaced("URI=\"UPPLAN.CSV\"", "")),
        malformed(
            "a broken URI",
            replaced("URI=\"UPPLAN.CSV\"", "URI=\"UPPLAN%2\""),
        ),
        malformed(
            "an odd mark of the root file",
            replaced(
                "URI=\"UPPLAN.CSV\"",
                "URI=\"UPPLAN.CSV\" Rootfile=\"maybe\"",
            ),
        ),
        malformed(
            "an element of the other namespace",
            replaced("<asic:SigReference", "<ds:SigReference"),
        ),
        malformed(
            "a second declaration",
            replaced(
                "<asic:SigReference",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><asic:SigReference",
            ),
        ),
        malformed("an extension", {
            let extension = "</ds:DigestValue><asic:DataObjectReferenceExtensions/>";
            replaced("</ds:DigestValue>", extension)
        }),
        malformed(
            "no digest method",
            replaced(
                "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>",
                "",
            ),
        ),
        malformed("no digest", replaced(&digest(FILES[0].1), "")),
        malformed(
            "a digest of 31 bytes",
            replaced(
                &digest(FILES[0].1),
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            ),
        ),
        malformed(
            "a digest not in Base64",
            replaced(&digest(FILES[0].1), &"*".repeat(44)),
        ),
        malformed(
            "a digest in pieces",
            replaced("</ds:DigestValue>", "<x/></ds:DigestValue>"),
        ),
        (
            "no references",
            R::NoFiles,
            sign(&parts::manifest(SIG_REFERENCE)),
        ),
        (
            "SHA-1",
            R::WeakAlgorithm,
            replaced("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        ),
        (
            "MD5",
            R::WeakAlgorithm,
            replaced("04/xmlenc#sha256", "04/xmldsig-more#md5"),
        ),
        (
            "SHA-512 of the manifest",
            R::UnsupportedAlgorithm,
            replaced("xmlenc#sha256", "xmlenc#sha512"),
        ),
        (
            "a reference to another signature",
            R::ManifestSignatureReference,
            { replaced("signature001.p7s", "signature002.p7s") },
        ),
        ("a file listed twice", R::DuplicateReference, {
            sign(&parts::manifest(&format!("{body}{}", references[0])))
        }),
        (
            "a file listed twice with two digests",
            R::DuplicateReference,
            {
                let other = reference(FILES[0].0, &digest(b"other"));
                sign(&parts::manifest(&format!("{body}{other}")))
            },
        ),
        ("a file not listed", R::UnlistedEntry, {
            sign(&parts::manifest(&format!(
                "{SIG_REFERENCE}{}",
                references[0]
            )))
        }),
        ("a file added", R::UnlistedEntry, {
            good.with(|entries| entries.insert(2, Entry::deflated("EXTRA.CSV", b"extra")))
        }),
        (
            "a file dropped",
            R::MissingFile,
            good.with(|entries| drop(entries.remove(2))),
        ),
        ("a file renamed", R::MissingFile, {
            good.with(|entries| entries[1] = Entry::deflated("UPJSK.CSV", FILES[0].1))
        }),
        ("a file renamed in other letters", R::MissingFile, {
            good.with(|entries| entries[1] = Entry::deflated("upplan.csv", FILES[0].1))
        }),
        ("the manifest lists itself", R::MissingFile, {
            let itself = reference(MANIFEST, &digest(b""));
            sign(&parts::manifest(&format!("{body}{itself}")))
        }),
        ("a file changed", R::DigestMismatch, {
            good.with(|entries| entries[1] = Entry::deflated("UPPLAN.CSV", b"9,9,9\r\n"))
        }),
        ("two files swapped", R::DigestMismatch, {
            good.with(|entries| {
                entries[1] = Entry::deflated(FILES[0].0, FILES[1].1);
                entries[2] = Entry::deflated(FILES[1].0, FILES[0].1);
            })
        }),
        ("the manifest changed", R::MessageDigestMismatch, {
            good.with(|entries| {
                let other = parts::manifest_of(&[FILES[0]]);
                entries[3] = Entry::stored(MANIFEST, other.as_bytes());
            })
        }),
        ("another container's signature", R::MessageDigestMismatch, {
            let (_, other) = common::container_with(
                &good.signer,
                Compression::Stored,
                &[("OTHER.CSV", b"other")],
            );
            let mut archive = ::zip::ZipArchive::new(Cursor::new(other)).unwrap();
            let mut signature = Vec::new();
            std::io::copy(&mut archive.by_name(SIGNATURE).unwrap(), &mut signature).unwrap();
            good.signed(signature)
        }),
    ]
}

fn signature_cases(good: &Good) -> Vec<Case> {
    use Refusal as R;
    let signature = &good.signature;
    let any = |value: &dyn Fn() -> Any| value();
    let null = || any(&|| Any::encode_from(&Null).unwrap());
    let resign = |edit: &dyn Fn(&mut Vec<x509_cert::attr::Attribute>)| {
        good.signed(resigned(signature, &good.signer, |attributes| {
            edit(attributes);
        }))
    };
    let without = |oid_text: &'static str| {
        resign(&|attributes| attributes.retain(|attribute| attribute.oid != oid(oid_text)))
    };
    let renamed = |edit: &dyn Fn(&mut Vec<u8>)| {
        resign(&|attributes| {
            let named = attributes
                .iter()
                .find(|attribute| attribute.oid == oid(SIGNING_CERTIFICATE_V2))
                .unwrap();
            let mut named = named.values.get(0).unwrap().to_der().unwrap();
            edit(&mut named);
            let named = Any::from_der(&named).unwrap();
            set_values(attributes, SIGNING_CERTIFICATE_V2, vec![named]);
        })
    };
    let malformed = |oid_text: &'static str| {
        resign(&|attributes| set_values(attributes, oid_text, vec![null()]))
    };
    vec![
        (
            "an empty signature",
            R::SignatureMalformed,
            good.signed(Vec::new()),
        ),
        (
            "garbage as signature",
            R::SignatureMalformed,
            good.signed(b"garbage".to_vec()),
        ),
        ("a byte behind the signature", R::SignatureMalformed, {
            good.signed([&signature[..], &[0]].concat())
        }),
        ("a signature cut off", R::SignatureMalformed, {
            good.signed(signature[..signature.len() - 1].to_vec())
        }),
        ("another content type", R::NotSignedData, {
            good.signed(
                ::cms::content_info::ContentInfo {
                    content_type: oid("1.2.840.113549.1.7.3"),
                    content: null(),
                }
                .to_der()
                .unwrap(),
            )
        }),
        ("another version", R::CmsVersion, {
            good.signed(edited(signature, |data| {
                data.version = ::cms::content_info::CmsVersion::V3;
            }))
        }),
        ("another version of the signer", R::CmsVersion, {
            good.signed(edited_signer(signature, |signer| {
                signer.version = ::cms::content_info::CmsVersion::V3;
            }))
        }),
        ("signed content of another type", R::ContentType, {
            good.signed(edited(signature, |data| {
                data.encap_content_info.econtent_type = oid("1.2.840.113549.1.9.16.1.4");
            }))
        }),
        ("content inside", R::EmbeddedContent, {
            good.signed(edited(signature, |data| {
                let content = OctetString::new(good.manifest.clone()).unwrap();
                data.encap_content_info.econtent = Some(Any::encode_from(&content).unwrap());
            }))
        }),
        ("no signer", R::NoSigner, {
            good.signed(edited(signature, |data| {
                data.signer_infos = SignerInfos(SetOfVec::new());
            }))
        }),
        ("revocation information", R::EmbeddedRevocation, {
            good.signed(edited(signature, |data| {
                data.crls = Some(::cms::revocation::RevocationInfoChoices(SetOfVec::new()));
            }))
        }),
        ("unsigned attributes", R::UnsignedAttributes, {
            good.signed(edited_signer(signature, |signer| {
                let attribute = attribute("1.2.840.113549.1.9.16.2.14", null());
                signer.unsigned_attrs = Some(SetOfVec::try_from(vec![attribute]).unwrap());
            }))
        }),
        ("no signed attributes", R::NoSignedAttributes, {
            good.signed(edited_signer(signature, |signer| {
                signer.signed_attrs = None;
                let signed = good.signer.sign(&good.manifest).unwrap();
                signer.signature = OctetString::new(signed).unwrap();
            }))
        }),
        (
            "an empty set of signed attributes",
            R::NoSignedAttributes,
            resign(&|attributes| attributes.clear()),
        ),
        (
            "no content-type",
            R::AttributeMissing,
            without(CONTENT_TYPE),
        ),
        (
            "no message-digest",
            R::AttributeMissing,
            without(MESSAGE_DIGEST),
        ),
        (
            "no signing-time",
            R::AttributeMissing,
            without(SIGNING_TIME),
        ),
        (
            "no signing-certificate-v2",
            R::AttributeMissing,
            without(SIGNING_CERTIFICATE_V2),
        ),
        (
            "a malformed content-type",
            R::AttributeMalformed,
            malformed(CONTENT_TYPE),
        ),
        (
            "a malformed message-digest",
            R::AttributeMalformed,
            malformed(MESSAGE_DIGEST),
        ),
        (
            "a malformed signing-time",
            R::AttributeMalformed,
            malformed(SIGNING_TIME),
        ),
        (
            "a malformed signing-certificate-v2",
            R::AttributeMalformed,
            malformed(SIGNING_CERTIFICATE_V2),
        ),
        ("an attribute without a value", R::AttributeMalformed, {
            resign(&|attributes| set_values(attributes, SIGNING_TIME, Vec::new()))
        }),
        ("signing-time twice", R::AttributeRepeated, {
            resign(&|attributes| {
                let time =
                    x509_cert::time::Time::from(der::DateTime::new(2026, 11, 1, 0, 0, 0).unwrap());
                let time = Any::from_der(&time.to_der().unwrap()).unwrap();
                attributes.push(attribute(SIGNING_TIME, time));
            })
        }),
        ("message-digest with two values", R::AttributeRepeated, {
            resign(&|attributes| {
                let values = [[1_u8; 32], [2; 32]]
                    .map(|digest| Any::encode_from(&OctetString::new(digest).unwrap()).unwrap());
                set_values(attributes, MESSAGE_DIGEST, values.to_vec());
            })
        }),
        ("an unknown attribute", R::AttributeUnexpected, {
            resign(&|attributes| attributes.push(attribute("1.3.6.1.4.1.32473.9", null())))
        }),
        ("a signature policy", R::AttributeUnexpected, {
            resign(&|attributes| attributes.push(attribute("1.2.840.113549.1.9.16.2.15", null())))
        }),
        ("signing-certificate with SHA-1", R::WeakAlgorithm, {
            resign(&|attributes| attributes.push(attribute(SIGNING_CERTIFICATE_V1, null())))
        }),
        ("another content type signed", R::ContentType, {
            resign(&|attributes| {
                let tst = Any::encode_from(&oid("1.2.840.113549.1.9.16.1.4")).unwrap();
                set_values(attributes, CONTENT_TYPE, vec![tst]);
            })
        }),
        ("a message-digest of nothing", R::MessageDigestMismatch, {
            resign(&|attributes| {
                let empty = Any::encode_from(&OctetString::new([]).unwrap()).unwrap();
                set_values(attributes, MESSAGE_DIGEST, vec![empty]);
            })
        }),
        ("signed attributes changed", R::SignatureInvalid, {
            good.signed(edited_signer(signature, |signer| {
                let mut attributes = signer.signed_attrs.take().unwrap().into_vec();
                let time =
                    x509_cert::time::Time::from(der::DateTime::new(2026, 11, 1, 0, 0, 0).unwrap());
                let time = Any::from_der(&time.to_der().unwrap()).unwrap();
                set_values(&mut attributes, SIGNING_TIME, vec![time]);
                signer.signed_attrs = Some(SetOfVec::try_from(attributes).unwrap());
            }))
        }),
        ("an empty signature value", R::SignatureInvalid, {
            good.signed(edited_signer(signature, |signer| {
                signer.signature = OctetString::new([]).unwrap();
            }))
        }),
        ("signed by another key", R::SignatureInvalid, {
            let mut authority = authority();
            let other = signer(&mut authority);
            good.signed(resigned(signature, &other, |_| {}))
        }),
        (
            "a certificate of the same name and another key",
            R::SigningCertificateMismatch,
            {
                // Issued by another authority of the same name with the same serial number: only
                // signing-certificate-v2 tells it from the signer's.
                good.signed(edited(signature, |data| {
                    let certificate = good.signer.certificate_chain()[0].to_vec();
                    let mut forged = certificate.clone();
                    *forged.last_mut().unwrap() ^= 1;
                    let forged = x509_cert::Certificate::from_der(&forged).unwrap();
                    let choice = ::cms::cert::CertificateChoices::Certificate(forged);
                    data.certificates =
                        Some(::cms::signed_data::CertificateSet::try_from(vec![choice]).unwrap());
                }))
            },
        ),
        (
            "signed attributes in another order",
            R::SignatureMalformed,
            {
                let content = ContentInfo::from_der(signature).unwrap();
                let data = content.content.decode_as::<SignedData>().unwrap();
                let attributes = data.signer_infos.0.get(0).unwrap().signed_attrs.clone();
                let attributes: Vec<Vec<u8>> = attributes
                    .unwrap()
                    .iter()
                    .map(|attribute| attribute.to_der().unwrap())
                    .collect();
                let (first, second) = (&attributes[0], &attributes[1]);
                let in_order = [&first[..], second].concat();
                let at = signature
                    .windows(in_order.len())
                    .position(|bytes| bytes == in_order)
                    .unwrap();
                let mut swapped = signature.clone();
                swapped[at..at + in_order.len()].copy_from_slice(&[&second[..], first].concat());
                good.signed(swapped)
            },
        ),
        (
            "a certificate of another kind than X.509",
            R::UnusedCertificate,
            {
                good.signed(edited(signature, |data| {
                    let mut choices = data.certificates.take().unwrap().0.into_vec();
                    let other = ::cms::cert::OtherCertificateFormat {
                        other_cert_format: oid("1.2.3"),
                        other_cert: null(),
                    };
                    choices.push(::cms::cert::CertificateChoices::Other(other));
                    data.certificates =
                        Some(::cms::signed_data::CertificateSet::try_from(choices).unwrap());
                }))
            },
        ),
        ("a signer of another issuer", R::SignerCertificateMissing, {
            good.signed(edited_signer(signature, |signer| {
                if let SignerIdentifier::IssuerAndSerialNumber(named) = &mut signer.sid {
                    named.issuer = "CN=Another authority".parse().unwrap();
                }
            }))
        }),
        ("no certificates", R::SignerCertificateMissing, {
            good.signed(edited(signature, |data| data.certificates = None))
        }),
        ("a weak digest algorithm", R::WeakAlgorithm, {
            good.signed(edited_signer(signature, |signer| {
                signer.digest_alg.oid = oid("1.3.14.3.2.26");
            }))
        }),
        ("an unknown digest algorithm", R::UnsupportedAlgorithm, {
            good.signed(edited_signer(signature, |signer| {
                signer.digest_alg.oid = oid("2.16.840.1.101.3.4.2.8");
            }))
        }),
        (
            "a digest algorithm with odd parameters",
            R::UnsupportedAlgorithm,
            {
                good.signed(edited_signer(signature, |signer| {
                    let odd = Any::encode_from(&oid(CONTENT_TYPE)).unwrap();
                    signer.digest_alg.parameters = Some(odd);
                }))
            },
        ),
        ("a list of other digest algorithms", R::AlgorithmMismatch, {
            good.signed(edited(signature, |data| {
                let mut digest = data.digest_algorithms.get(0).unwrap().clone();
                digest.oid = oid("2.16.840.1.101.3.4.2.2");
                data.digest_algorithms = SetOfVec::try_from(vec![digest]).unwrap();
            }))
        }),
        ("a weak signature algorithm", R::WeakAlgorithm, {
            good.signed(edited_signer(signature, |signer| {
                signer.signature_algorithm.oid = oid("1.2.840.10045.4.1");
            }))
        }),
        (
            "a signature algorithm of other keys",
            R::AlgorithmMismatch,
            {
                good.signed(edited_signer(signature, |signer| {
                    signer.signature_algorithm.oid = oid("1.2.840.113549.1.1.11");
                    signer.signature_algorithm.parameters = Some(null());
                }))
            },
        ),
        ("an unknown signature algorithm", R::UnsupportedAlgorithm, {
            good.signed(edited_signer(signature, |signer| {
                signer.signature_algorithm.oid = oid("1.3.101.112");
            }))
        }),
        (
            "algorithm protection of another algorithm",
            R::AlgorithmMismatch,
            {
                resign(&|attributes| {
                    // SEQUENCE { SEQUENCE { sha384 }, [1] { ecdsa-with-SHA256 } }
                    let protection =
                        hex::decode("3019300b0609608648016503040202a10a06082a8648ce3d040302");
                    let protection = Any::from_der(&protection.unwrap()).unwrap();
                    attributes.push(attribute("1.2.840.113549.1.9.52", protection));
                })
            },
        ),
        (
            "algorithm protection of another signature algorithm",
            R::AlgorithmMismatch,
            {
                resign(&|attributes| {
                    // SEQUENCE { SEQUENCE { sha256 }, [1] { ecdsa-with-SHA384 } }
                    let protection =
                        hex::decode("3019300b0609608648016503040201a10a06082a8648ce3d040303");
                    let protection = Any::from_der(&protection.unwrap()).unwrap();
                    attributes.push(attribute("1.2.840.113549.1.9.52", protection));
                })
            },
        ),
        ("algorithm protection with a MAC", R::AlgorithmMismatch, {
            resign(&|attributes| {
                // As above with ecdsa-with-SHA256, and [2] { hmacWithSHA256 }
                let protection = hex::decode(
                    "3025300b0609608648016503040201a10a06082a8648ce3d040302a20a06082a864886f70d0209",
                );
                let protection = Any::from_der(&protection.unwrap()).unwrap();
                attributes.push(attribute("1.2.840.113549.1.9.52", protection));
            })
        }),
        (
            "signing-certificate-v2 of another serial number",
            R::SigningCertificateMismatch,
            // The serial number is the last thing in it.
            renamed(&|named| *named.last_mut().unwrap() ^= 1),
        ),
        (
            "signing-certificate-v2 of another issuer",
            R::SigningCertificateMismatch,
            renamed(&|named| {
                let issuer = b"Test authority";
                let at = named
                    .windows(issuer.len())
                    .position(|bytes| bytes == issuer)
                    .unwrap();
                named[at] = b'B';
            }),
        ),
    ]
}

/// Cases whose signatures or certificates OpenSSL makes. They are signed at the real time.
fn openssl_cases(openssl: &OpenSsl) -> Vec<Case> {
    use Refusal as R;
    let manifest = parts::manifest_of(&FILES);
    let contain =
        |signature: &[u8]| write(&parts::entries(&FILES, manifest.as_bytes(), signature)).bytes;
    let sign =
        |signer: &str, more: &[&str]| contain(&openssl.sign(signer, manifest.as_bytes(), more));
    let cades = &["-cades", "-md", "sha256", "-nosmimecap"];
    openssl.office("office", P256);
    openssl.office("other", P256);
    openssl.office("rsa", RSA2048);

    let certificate = |subject: &str, extensions: &str, more: &[&str]| {
        openssl.issue(
            "odd",
            P256,
            subject,
            extensions,
            "root",
            &[&["-sha256"], more].concat(),
        );
        sign("odd", cades)
    };
    let extended = |from: &str, to: &str| {
        assert!(OFFICE.contains(from), "{from}");
        certificate(SUBJECT, &OFFICE.replace(from, to), &[])
    };
    let key_usage = "keyUsage=critical,digitalSignature";
    let policy = "certificatePolicies=1.3.6.1.4.1.32473.1.2";
    let mut cases = vec![
        (
            "openssl: content inside",
            R::EmbeddedContent,
            sign("office", &[&cades[..], &["-nodetach"]].concat()),
        ),
        (
            "openssl: no signed attributes",
            R::NoSignedAttributes,
            sign("office", &["-noattr", "-md", "sha256"]),
        ),
        (
            "openssl: not CAdES",
            R::AttributeMissing,
            sign("office", &["-md", "sha256"]),
        ),
        (
            "openssl: no certificates",
            R::SignerCertificateMissing,
            sign("office", &[&cades[..], &["-nocerts"]].concat()),
        ),
        (
            "openssl: a certificate too many",
            R::UnusedCertificate,
            sign(
                "office",
                &[&cades[..], &["-certfile", "other.crt"]].concat(),
            ),
        ),
        ("openssl: eleven certificates", R::UnusedCertificate, {
            let mut authority = authority();
            let certificates = (0..10).map(|_| {
                let signer = signer(&mut authority);
                signer.certificate_chain()[0].to_vec()
            });
            let pem: String = certificates
                .map(|der| der::pem::encode_string("CERTIFICATE", Default::default(), &der))
                .collect::<Result<_, _>>()
                .unwrap();
            std::fs::write(openssl.file("many.crt"), pem).unwrap();
            sign("office", &[&cades[..], &["-certfile", "many.crt"]].concat())
        }),
        ("openssl: two signers", R::SeveralSigners, {
            sign(
                "office",
                &[&cades[..], &["-signer", "other.crt", "-inkey", "other.key"]].concat(),
            )
        }),
        (
            "openssl: SHA-1",
            R::WeakAlgorithm,
            sign("office", &["-cades", "-md", "sha1"]),
        ),
        (
            "openssl: MD5 with RSA",
            R::WeakAlgorithm,
            sign("rsa", &["-cades", "-md", "md5"]),
        ),
        (
            "openssl: SHA-512",
            R::UnsupportedAlgorithm,
            sign("rsa", &["-cades", "-md", "sha512"]),
        ),
        (
            "openssl: PSS with SHA-384 inside",
            R::UnsupportedAlgorithm,
            {
                sign(
                    "rsa",
                    &[
                        "-cades",
                        "-md",
                        "sha256",
                        "-keyopt",
                        "rsa_padding_mode:pss",
                        "-keyopt",
                        "rsa_pss_saltlen:20",
                    ],
                )
            },
        ),
        ("openssl: PEM", R::SignatureMalformed, {
            let pem = openssl.sign(
                "office",
                manifest.as_bytes(),
                &[&cades[..], &["-outform", "PEM"]].concat(),
            );
            contain(&pem)
        }),
        ("openssl: BER of undefined length", R::SignatureMalformed, {
            sign("office", &[&cades[..], &["-stream"]].concat())
        }),
        ("no key usage", R::KeyUsage, extended(key_usage, "")),
        (
            "key usage without signing",
            R::KeyUsage,
            extended(key_usage, "keyUsage=critical,keyAgreement"),
        ),
        (
            "content commitment only",
            R::KeyUsage,
            extended(key_usage, "keyUsage=critical,nonRepudiation"),
        ),
        (
            "a server's certificate",
            R::ExtendedKeyUsage,
            extended("clientAuth", "serverAuth"),
        ),
        (
            "a code signer's certificate",
            R::ExtendedKeyUsage,
            extended("clientAuth", "codeSigning"),
        ),
        ("a critical extension nobody knows", R::CriticalExtension, {
            extended(
                policy,
                &format!("{policy}\n1.3.6.1.4.1.32473.7=critical,ASN1:NULL"),
            )
        }),
        ("critical certificate policies", R::CriticalExtension, {
            extended("certificatePolicies=", "certificatePolicies=critical,")
        }),
        ("no policy", R::KindUnknown, extended(policy, "")),
        (
            "an unknown policy",
            R::KindUnknown,
            extended("32473.1.2", "32473.2.1"),
        ),
        (
            "two kinds",
            R::KindAmbiguous,
            extended("32473.1.2", "32473.1.1,1.3.6.1.4.1.32473.1.2"),
        ),
        (
            "an agent's",
            R::AgentCertificate,
            extended("32473.1.2", "32473.1.3"),
        ),
        (
            "an operator's",
            R::OperatorCertificate,
            extended("32473.1.2", "32473.1.5"),
        ),
        (
            "a disability system's",
            R::DisabilityCertificate,
            extended("32473.1.2", "32473.1.4"),
        ),
        (
            "an authority's own certificate",
            R::PathInvalid,
            extended("CA:FALSE", "CA:TRUE"),
        ),
        ("malformed policies", R::CertificateMalformed, {
            extended(policy, "2.5.29.32=ASN1:UTF8String:garbage")
        }),
        (
            "an X.509 version 1 certificate",
            R::CertificateMalformed,
            certificate(SUBJECT, "", &[]),
        ),
        (
            "no office number",
            R::OfficeNumberMissing,
            certificate("/C=JP/CN=1370948774", OFFICE, &[]),
        ),
        ("two office numbers", R::OfficeNumberMalformed, {
            certificate(
                "/C=JP/serialNumber=1370948774/serialNumber=1375169671",
                OFFICE,
                &[],
            )
        }),
        (
            "nine digits",
            R::OfficeNumberMalformed,
            certificate("/serialNumber=137094877", OFFICE, &[]),
        ),
        (
            "the number of no office",
            R::OfficeNumberMalformed,
            certificate("/serialNumber=9999999999", OFFICE, &[]),
        ),
        (
            "a certificate that ends before it begins",
            R::PathInvalid,
            certificate(SUBJECT, OFFICE, &["-days", "-1"]),
        ),
        ("a certificate signed with SHA-1", R::WeakAlgorithm, {
            openssl.issue("odd", P256, SUBJECT, OFFICE, "root", &["-sha1"]);
            sign("odd", cades)
        }),
        (
            "a certificate signed with SHA-512",
            R::UnsupportedAlgorithm,
            {
                openssl.issue("odd", P256, SUBJECT, OFFICE, "root", &["-sha512"]);
                sign("odd", cades)
            },
        ),
        ("a self-signed certificate", R::UntrustedIssuer, {
            openssl.key("odd", P256);
            openssl.run(&[
                "req",
                "-x509",
                "-new",
                "-key",
                "odd.key",
                "-subj",
                SUBJECT,
                "-days",
                "10",
                "-out",
                "odd.crt",
                "-addext",
                "keyUsage=digitalSignature",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ]);
            sign("odd", cades)
        }),
        ("RSA of 1024 bits", R::KeySize, {
            let rsa: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
            openssl.office("odd", rsa);
            sign("odd", cades)
        }),
        ("P-521", R::AlgorithmMismatch, {
            let p521: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];
            openssl.office("odd", p521);
            sign("odd", cades)
        }),
    ];

    // Chains.
    let issue_below = |issuer: &str, extensions: &str| {
        openssl.issue(
            "below",
            P256,
            &format!("/CN={issuer}"),
            extensions,
            "root",
            &["-sha256"],
        );
        openssl.issue("odd", P256, SUBJECT, OFFICE, "below", &["-sha256"]);
        sign("odd", &[&cades[..], &["-certfile", "below.crt"]].concat())
    };
    cases.extend([
        (
            "issued by an office",
            R::PathInvalid,
            issue_below("An office", OFFICE),
        ),
        ("issued by an authority that may not issue", R::KeyUsage, {
            issue_below(
                "No certificates",
                "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n",
            )
        }),
        ("issued by an authority without key usage", R::KeyUsage, {
            issue_below("No key usage", "basicConstraints=critical,CA:TRUE\n")
        }),
        ("a chain that is too long", R::PathInvalid, {
            let issuing =
                "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n";
            openssl.issue("first", P256, "/CN=First", issuing, "root", &["-sha256"]);
            openssl.issue("below", P256, "/CN=Second", issuing, "first", &["-sha256"]);
            openssl.issue("odd", P256, SUBJECT, OFFICE, "below", &["-sha256"]);
            let both = [openssl.read("first.crt"), openssl.read("below.crt")].concat();
            std::fs::write(openssl.file("both.crt"), both).unwrap();
            sign("odd", &[&cades[..], &["-certfile", "both.crt"]].concat())
        }),
        ("issued by an authority whose certificate is signed with SHA-1", R::WeakAlgorithm, {
            let issuing = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
            openssl.issue("below", P256, "/CN=Weak", issuing, "root", &["-sha1"]);
            openssl.issue("odd", P256, SUBJECT, OFFICE, "below", &["-sha256"]);
            sign("odd", &[&cades[..], &["-certfile", "below.crt"]].concat())
        }),
        ("an authority whose key is too large", R::KeySize, {
            let issuing = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
            let rsa: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4104"];
            openssl.issue("below", rsa, "/CN=Large", issuing, "root", &["-sha256"]);
            openssl.issue("odd", P256, SUBJECT, OFFICE, "below", &["-sha256"]);
            sign("odd", &[&cades[..], &["-certfile", "below.crt"]].concat())
        }),
        ("an authority that constrains policies", R::CriticalExtension, {
            let constrained = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
                policyConstraints=requireExplicitPolicy:0\n";
            issue_below("Constrained policies", constrained)
        }),
        ("an authority's name constraints", R::PathInvalid, {
            let constrained = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
                nameConstraints=critical,excluded;dirName:dn\n[dn]\nC=JP\n";
            issue_below("Constrained", constrained)
        }),
    ]);
    cases
}

/// Cases that need settings or times of their own; gives the reasons that occurred.
fn special_cases(good: &Good) -> BTreeSet<&'static str> {
    let container = write(&good.entries()).bytes;
    let limited = |edit: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        edit(&mut limits);
        let verifier = Verifier::builder()
            .trust_anchor(good.authority.certificate())
            .unwrap()
            .limits(limits)
            .build()
            .unwrap();
        code_of(&verifier, &container, now())
    };
    let size = container.len() as u64;
    assert_eq!(limited(&|limits| limits.container = size), "accepted");
    assert_eq!(limited(&|limits| limits.entries = 5), "accepted");
    assert_eq!(limited(&|limits| limits.file = 28), "accepted");
    assert_eq!(limited(&|limits| limits.total = 36), "accepted");
    assert_eq!(limited(&|limits| limits.file = 27), "file-too-large");
    assert_eq!(limited(&|limits| limits.total = 35), "file-too-large");

    // Three files listed where two may be: said before the third is looked for.
    let listed = [FILES[0], FILES[1], ("THIRD.CSV", b"")];
    let three = good.sign_manifest(&FILES, &parts::manifest_of(&listed));
    let mut limits = Limits::default();
    limits.entries = 5;
    let two_files = Verifier::builder()
        .trust_anchor(good.authority.certificate())
        .unwrap()
        .limits(limits)
        .build()
        .unwrap();
    assert_eq!(code_of(&good.verifier(), &three, now()), "missing-file");
    assert_eq!(code_of(&two_files, &three, now()), "too-many-entries");

    let at = |time: DateTime<Utc>| code_of(&good.verifier(), &container, time);
    let early = Validity::new(now(), now() + TimeDelta::days(30)).unwrap();
    let signed_outside = {
        // Signed a day before the certificate's first: our own signer would not do that.
        let mut authority = authority();
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let request = key.request_pem(common::office()).unwrap();
        let kind = CertificateKind::CareDx;
        let issued = authority
            .issue_office(request.as_bytes(), common::office(), kind, early)
            .unwrap();
        let signer = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
        let good = Good {
            manifest: good.manifest.clone(),
            signature: {
                let (_, bytes) = common::container_with(&signer, Compression::Stored, &FILES);
                let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
                let mut signature = Vec::new();
                std::io::copy(&mut archive.by_name(SIGNATURE).unwrap(), &mut signature).unwrap();
                signature
            },
            authority,
            signer,
        };
        let signature = resigned(&good.signature, &good.signer, |attributes| {
            let time = der::DateTime::new(2026, 11, 1, 0, 0, 0).unwrap();
            let time = x509_cert::time::Time::from(time);
            let time = Any::from_der(&time.to_der().unwrap()).unwrap();
            set_values(attributes, SIGNING_TIME, vec![time]);
        });
        code_of(&good.verifier(), &good.signed(signature), now())
    };
    let found = BTreeSet::from([
        limited(&|limits| limits.container = size - 1),
        limited(&|limits| limits.entries = 4),
        limited(&|limits| limits.file = 0),
        at(common::time("2026-03-01T00:00:00Z")),
        at(common::time("2027-05-01T00:00:00Z")),
        at(common::time("2026-11-01T00:00:00Z")),
        at(common::time("1960-01-01T00:00:00Z")),
        signed_outside,
    ]);
    let expected = BTreeSet::from([
        "container-too-large",
        "too-many-entries",
        "file-too-large",
        "certificate-not-yet-valid",
        "certificate-expired",
        "signed-in-future",
        "time-out-of-range",
        "signed-outside-validity",
    ]);
    assert_eq!(found, expected);
    found
}

#[test]
fn the_untouched_container_is_accepted() {
    let good = Good::new();
    let container = write(&good.entries()).bytes;
    assert_eq!(code_of(&good.verifier(), &container, now()), "accepted");
    let manifest = parts::manifest_of(&FILES);
    let container = good.sign_manifest(&FILES, &manifest);
    assert_eq!(code_of(&good.verifier(), &container, now()), "accepted");
}

#[test]
fn other_writers_of_the_same_form_are_accepted() {
    let good = Good::new();
    let accepted = |name: &str, container: Vec<u8>| {
        assert_eq!(
            code_of(&good.verifier(), &container, now()),
            "accepted",
            "{name}"
        );
    };
    let all = |edit: &dyn Fn(&mut Entry)| good.with(|entries| entries.iter_mut().for_each(edit));
    accepted(
        "MS-DOS",
        all(&|entry| (entry.made_by, entry.external) = (20, 0)),
    );
    accepted(
        "Unix without a file type",
        all(&|entry| entry.external = 0o600 << 16),
    );
    accepted(
        "compression effort noted",
        good.with_entry(1, |entry| entry.flags |= 6),
    );
    accepted("flagged UTF-8", all(&|entry| entry.flags = 0x0800));
    accepted(
        "for readers of 1.0",
        good.with_entry(0, |entry| entry.needed = 10),
    );
    accepted(
        "stored files",
        good.with(|entries| {
            entries[1] = Entry::stored(FILES[0].0, FILES[0].1);
        }),
    );
    accepted(
        "metadata first",
        good.with(|entries| {
            let signature = entries.remove(4);
            entries.insert(1, signature);
            let manifest = entries.remove(4);
            entries.insert(1, manifest);
        }),
    );
    let indented = parts::manifest_of(&FILES)
        .replace("><", ">\r\n\t<")
        .replace("asic:", "a:")
        .replace(":asic", ":a")
        .replace("<ds:DigestValue>", "<ds:DigestValue>\n  ");
    accepted(
        "an indented manifest",
        good.sign_manifest(&FILES, &indented),
    );
    let plain = parts::manifest_of(&FILES).replace(r#"<?xml version="1.0" encoding="UTF-8"?>"#, "");
    accepted("no XML declaration", good.sign_manifest(&FILES, &plain));
    let japanese: [(&str, &[u8]); 1] = [("表.csv", b"1")];
    accepted(
        "a name as it is",
        good.sign_manifest(&japanese, &parts::manifest_of(&japanese)),
    );
}

#[test]
fn tampered_containers_are_refused_for_the_right_reason() {
    let good = Good::new();
    let openssl = OpenSsl::new();
    let trusting_openssl = Verifier::builder()
        .trust_anchor(&openssl.certificate("root"))
        .unwrap()
        .build()
        .unwrap();
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for cases in [
        archive_cases(&good),
        content_cases(&good),
        manifest_cases(&good),
        signature_cases(&good),
    ] {
        count += cases.len();
        seen.extend(check(&good.verifier(), now(), cases));
    }
    let cases = openssl_cases(&openssl);
    count += cases.len();
    seen.extend(check(&trusting_openssl, Utc::now(), cases));
    seen.extend(special_cases(&good));
    println!("{count} tampered containers, {} reasons", seen.len());

    // These are shown elsewhere: revocation lists in exchange.rs, receipts in those of evidence.
    seen.extend([
        "not-operator-certificate",
        "certificate-revoked",
        "revocation-unknown",
        "revocation-list-expired",
        "revocation-list-invalid",
    ]);
    let never: Vec<&str> = Refusal::ALL
        .iter()
        .map(|refusal| refusal.code())
        .filter(|code| !seen.contains(code))
        .collect();
    assert!(never.is_empty(), "reasons without a case: {never:?}");
}
