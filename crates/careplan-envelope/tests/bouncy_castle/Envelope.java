// Containers as docs/envelope.md describes them, written and read with Bouncy Castle and the Java
// library only: for tests both ways, and as a peer to measure against.
//
//   java -cp bcprov.jar:bcpkix.jar:bcutil.jar Envelope.java sign KEY CERT OUT FILES...
//   java ... Envelope.java verify CA CONTAINER
//   java ... Envelope.java open KEY SEALED OUT
//   java ... Envelope.java bench KEY CERT CA FILES...     (microseconds of signing and verifying)

import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class Envelope {
    static final BouncyCastleProvider BC = new BouncyCastleProvider();
    static final String MANIFEST = "META-INF/ASiCManifest001.xml";
    static final String SIGNATURE = "META-INF/signature001.p7s";
    static final String MIMETYPE = "application/vnd.etsi.asic-e+zip";

    public static void main(String[] args) throws Exception {
        java.security.Security.addProvider(BC);
        switch (args[0]) {
            case "sign" -> {
                var files = read(Arrays.copyOfRange(args, 4, args.length));
                // Java's ZIP writer gives deflated entries data descriptors, which the format does
                // not have; stored ones it writes with their sizes in front.
                Files.write(Path.of(args[3]), sign(key(args[1]), certificate(args[2]), files, false));
            }
            case "verify" -> {
                verify(certificate(args[1]), Files.readAllBytes(Path.of(args[2])));
                System.out.println("ok");
            }
            case "open" -> Files.write(Path.of(args[3]), open(key(args[1]), Files.readAllBytes(Path.of(args[2]))));
            case "bench" -> bench(key(args[1]), certificate(args[2]), certificate(args[3]),
                read(Arrays.copyOfRange(args, 4, args.length)));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    static Map<String, byte[]> read(String[] paths) throws Exception {
        var files = new LinkedHashMap<String, byte[]>();
        for (var path : paths) {
            files.put(Path.of(path).getFileName().toString(), Files.readAllBytes(Path.of(path)));
        }
        return files;
    }

    static PrivateKey key(String path) throws Exception {
        try (var parser = new PEMParser(new FileReader(path))) {
            var object = parser.readObject();
            var info = object instanceof PEMKeyPair pair ? pair.getPrivateKeyInfo() : (PrivateKeyInfo) object;
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey(info);
        }
    }

    static X509Certificate certificate(String path) throws Exception {
        try (var parser = new PEMParser(new FileReader(path))) {
            return new JcaX509CertificateConverter().getCertificate((X509CertificateHolder) parser.readObject());
        }
    }

    static byte[] sha256(byte[] bytes) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    static byte[] sign(PrivateKey key, X509Certificate certificate, Map<String, byte[]> files, boolean deflate)
            throws Exception {
        var manifest = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
            + "<ASiCManifest xmlns=\"http://uri.etsi.org/02918/v1.2.1#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"
            + "<SigReference URI=\"" + SIGNATURE + "\" MimeType=\"application/pkcs7-signature\"/>");
        for (var file : files.entrySet()) {
            var uri = URLEncoder.encode(file.getKey(), StandardCharsets.UTF_8).replace("+", "%20");
            manifest.append("<DataObjectReference URI=\"" + uri + "\">"
                + "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>"
                + Base64.getEncoder().encodeToString(sha256(file.getValue()))
                + "</ds:DigestValue></DataObjectReference>");
        }
        var manifestBytes = manifest.append("</ASiCManifest>").toString().getBytes(StandardCharsets.UTF_8);
        var signature = cms(key, certificate, manifestBytes);

        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
            entry(zip, "mimetype", MIMETYPE.getBytes(StandardCharsets.US_ASCII), false);
            for (var file : files.entrySet()) {
                entry(zip, file.getKey(), file.getValue(), deflate);
            }
            entry(zip, MANIFEST, manifestBytes, false);
            entry(zip, SIGNATURE, signature, false);
        }
        return bytes.toByteArray();
    }

    static void entry(ZipOutputStream zip, String name, byte[] contents, boolean deflate) throws Exception {
        var entry = new ZipEntry(name);
        if (!deflate) {
            var crc = new CRC32();
            crc.update(contents);
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(contents.length);
            entry.setCrc(crc.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(contents);
        zip.closeEntry();
    }

    static byte[] cms(PrivateKey key, X509Certificate certificate, byte[] manifest) throws Exception {
        var algorithm = key.getAlgorithm().startsWith("EC") ? "SHA256withECDSA" : "SHA256withRSA";
        var id = new ESSCertIDv2(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256),
            sha256(certificate.getEncoded()));
        var attributes = new ASN1EncodableVector();
        attributes.add(new Attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2,
            new DERSet(new SigningCertificateV2(new ESSCertIDv2[] {id}))));
        var generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider(BC).build())
                .setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(new AttributeTable(attributes)))
                .build(new JcaContentSignerBuilder(algorithm).setProvider(BC).build(key), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new CMSProcessableByteArray(manifest), false)
            .toASN1Structure().getEncoded("DER");
    }

    static void verify(X509Certificate authority, byte[] container) throws Exception {
        var entries = new LinkedHashMap<String, byte[]>();
        try (var zip = new ZipInputStream(new java.io.ByteArrayInputStream(container), StandardCharsets.UTF_8)) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null;) {
                check(entries.put(entry.getName(), zip.readAllBytes()) == null, "an entry twice");
            }
        }
        check(MIMETYPE.equals(new String(entries.remove("mimetype"), StandardCharsets.US_ASCII)), "mimetype");
        var manifest = entries.remove(MANIFEST);
        var signed = new CMSSignedData(new CMSProcessableByteArray(manifest), entries.remove(SIGNATURE));
        check(signed.getSignerInfos().size() == 1, "one signer");
        SignerInformation signer = signed.getSignerInfos().iterator().next();
        @SuppressWarnings("unchecked")
        var holder = (X509CertificateHolder) signed.getCertificates().getMatches(signer.getSID()).iterator().next();
        var certificate = new JcaX509CertificateConverter().getCertificate(holder);
        certificate.checkValidity();
        certificate.verify(authority.getPublicKey());
        check(signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(certificate)), "signature");
        check(signer.getSignedAttributes().get(PKCSObjectIdentifiers.id_aa_signingCertificateV2) != null,
            "signing-certificate-v2");
        var references = Pattern.compile(
            "DataObjectReference URI=\"([^\"]+)\".*?DigestValue>([^<]+)<", Pattern.DOTALL)
            .matcher(new String(manifest, StandardCharsets.UTF_8));
        while (references.find()) {
            var name = URLDecoder.decode(references.group(1).replace("+", "%2B"), StandardCharsets.UTF_8);
            var digest = Base64.getEncoder().encodeToString(sha256(entries.remove(name)));
            check(digest.equals(references.group(2)), "digest");
        }
        check(entries.isEmpty(), "an entry that is not listed");
    }

    // Sealed to an RSA key: Bouncy Castle 1.72 has no key agreement for AuthEnvelopedData.
    static byte[] open(PrivateKey key, byte[] sealed) throws Exception {
        RecipientInformation recipient =
            new CMSAuthEnvelopedData(sealed).getRecipientInfos().getRecipients().iterator().next();
        return recipient.getContent(new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC));
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    static void bench(PrivateKey key, X509Certificate certificate, X509Certificate authority,
            Map<String, byte[]> files) throws Exception {
        var container = sign(key, certificate, files, true);
        var best = new double[] {Double.MAX_VALUE, Double.MAX_VALUE};
        // Many rounds: the first ones warm the machine up, the best one counts.
        for (var round = 0; round < 40; round++) {
            var start = System.nanoTime();
            for (var i = 0; i < 20; i++) {
                sign(key, certificate, files, true);
            }
            var middle = System.nanoTime();
            for (var i = 0; i < 20; i++) {
                verify(authority, container);
            }
            best[0] = Math.min(best[0], (middle - start) / 20e3);
            best[1] = Math.min(best[1], (System.nanoTime() - middle) / 20e3);
        }
        System.out.println(best[0] + " " + best[1]);
    }
}
