namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Kinds of records that we tell apart or name in metrics; every other number is legal and passes through.</summary>
internal enum RecordType : ushort
{
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    MX = 15,
    TXT = 16,
    SIG = 24,
    AAAA = 28,
    SRV = 33,
    NAPTR = 35,
    OPT = 41,
    DS = 43,
    SSHFP = 44,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    TLSA = 52,
    SVCB = 64,
    HTTPS = 65,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    ANY = 255,
    CAA = 257,
}

internal static class RecordTypes
{
    /// <summary>Lower-case name for a metric label; one of a fixed set, so that clients cannot make up label values.</summary>
    public static string LabelOf(RecordType type) => type switch
    {
        RecordType.A => "a",
        RecordType.NS => "ns",
        RecordType.CNAME => "cname",
        RecordType.SOA => "soa",
        RecordType.PTR => "ptr",
        RecordType.MX => "mx",
        RecordType.TXT => "txt",
        RecordType.SIG => "sig",
        RecordType.AAAA => "aaaa",
        RecordType.SRV => "srv",
        RecordType.NAPTR => "naptr",
        RecordType.OPT => "opt",
        RecordType.DS => "ds",
        RecordType.SSHFP => "sshfp",
        RecordType.RRSIG => "rrsig",
        RecordType.NSEC => "nsec",
        RecordType.DNSKEY => "dnskey",
        RecordType.TLSA => "tlsa",
        RecordType.SVCB => "svcb",
        RecordType.HTTPS => "https",
        RecordType.TSIG => "tsig",
        RecordType.IXFR => "ixfr",
        RecordType.AXFR => "axfr",
        RecordType.ANY => "any",
        RecordType.CAA => "caa",
        _ => "unknown",
    };
}
