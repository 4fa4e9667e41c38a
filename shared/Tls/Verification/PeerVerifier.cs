using System.Buffers.Binary;
using Ambient.Model.Identities;
using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Verification;

/// <summary>Decides whether a peer's certificate is accepted: chain, time, revocation, then its SPIFFE identity.</summary>
/// <param name="expectedServers">Null if the peer is a client.</param>
internal sealed class PeerVerifier(TlsIdentity us, IReadOnlyList<SpiffeId>? expectedServers)
{
    private const int MaxPresented = 8;
    private const int MaxKeyBits = 8192; // checking a signature of a larger RSA key costs milliseconds

    private readonly TlsOptions _options = us.Options;

    /// <summary>Set once <see cref="Verify"/> has accepted.</summary>
    public VerifiedPath? Accepted { get; private set; }

    /// <summary>Set once <see cref="Verify"/> has refused.</summary>
    public TlsFailure? Refusal { get; private set; }

    private string Peer => expectedServers is null ? "client" : "server";

    public bool Verify(PresentedChain presented)
    {
        if (FindOrCheckPath(presented) is not { } path) return false;
        if (FindRevocation(path) is { } revoked)
        {
            presented.Refuse(X509Errors.Revoked);
            Refusal = revoked;
            return false;
        }
        if (!HasIdentity(presented, path)) return false;
        Accepted = path;
        return true;
    }

    /// <summary>Why the peer that was accepted would be refused by today's revocation lists; null if it would not.</summary>
    public TlsFailure? Recheck() => Accepted is { } path ? FindRevocation(path) : null;

    private TlsFailure? FindRevocation(VerifiedPath path) => _options.Crl?.FindRevoked(path) is not { } revoked ? null
        : new(TlsFailureReason.CertificateRevoked, $"Certificate {Serial(revoked)} of the {Peer} {Describe(path)} is on the revocation list.");

    private VerifiedPath? FindOrCheckPath(PresentedChain presented)
    {
        Span<byte> hash = stackalloc byte[Algorithms.Sha256Bytes];
        presented.Hash(hash);
        var key = new PresentedChainKey(BinaryPrimitives.ReadUInt128BigEndian(hash),
            BinaryPrimitives.ReadUInt128BigEndian(hash[16..]), PeerIsClient: expectedServers is null);
        var now = _options.Time.GetUtcNow();
        if (us.Trust.Remembered.TryGet(key, out var path) && path.IsValidAt(now)) return path;

        path = CheckPath(presented, now); // also for a remembered path that has aged: there may be another one by now
        if (path is not null) us.Trust.Remembered.Add(key, path);
        return path;
    }

    private VerifiedPath? CheckPath(PresentedChain presented, DateTimeOffset now)
    {
        if (presented.Count > MaxPresented)
        {
            Refuse(presented, X509Errors.ChainTooLong, TlsFailureReason.CertificateMalformed,
                $"The {Peer} presented {presented.Count} certificates; at most {MaxPresented} are looked at. Shorten its chain.");
            return null;
        }
        if (presented.LargestKeyBits() is var bits and > MaxKeyBits)
        {
            Refuse(presented, X509Errors.ApplicationVerification, TlsFailureReason.CertificateMalformed,
                $"The {Peer} presented a certificate with a key of {bits} bits; at most {MaxKeyBits} are accepted.");
            return null;
        }
        var certificates = presented.FindPath(us.Trust, peerIsClient: expectedServers is null, now, out var error, out var depth);
        if (certificates is null)
        {
            presented.Refuse(error);
            Refusal = Explain(error, depth, now);
            return null;
        }
        if (VerifiedPath.TryCreate(certificates) is { } path) return path;
        Refuse(presented, X509Errors.ApplicationVerification, TlsFailureReason.CertificateMalformed,
            $"A certificate of the {Peer} is not strict DER. Issue it again.");
        return null;
    }

    private bool HasIdentity(PresentedChain presented, VerifiedPath path)
    {
        if (expectedServers is not null)
            return path.SpiffeIds.Any(expectedServers.Contains) || Refuse(presented, X509Errors.HostnameMismatch, TlsFailureReason.WrongIdentity,
                $"The server is {Describe(path)}; expected was {DescribeExpected(expectedServers)}.");
        if (us.Id is not { } own || path.SpiffeIds.Any(id => id.TrustDomain == own.TrustDomain)) return true;
        return Refuse(presented, X509Errors.HostnameMismatch, TlsFailureReason.WrongTrustDomain,
            $"The client is {Describe(path)}; it must be of our trust domain {own.TrustDomain}.");
    }

    private bool Refuse(PresentedChain presented, int error, TlsFailureReason reason, string message)
    {
        presented.Refuse(error);
        Refusal = new(reason, message);
        return false;
    }

    private TlsFailure Explain(int error, int depth, DateTimeOffset now)
    {
        var which = depth == 0 ? $"The certificate of the {Peer}" : $"Certificate {depth + 1} in the chain of the {Peer}";
        return error switch
        {
            X509Errors.Expired => new(TlsFailureReason.CertificateExpired, $"{which} has expired; here it is {now:u}. Check its renewal and the clocks of both nodes."),
            X509Errors.NotYetValid => new(TlsFailureReason.CertificateNotYetValid, $"{which} is not valid yet; here it is {now:u}. Check the clocks of both nodes."),
            X509Errors.SignatureFailure or X509Errors.UnableToGetIssuer or X509Errors.UnableToGetIssuerLocally or X509Errors.UnableToVerifyLeaf
                or X509Errors.SelfSignedLeaf or X509Errors.SelfSignedInChain => new(TlsFailureReason.UnknownAuthority,
                    $"{which} does not lead to one of our trust roots ({X509Errors.Describe(error)}); compare the roots of both sides."),
            _ => new(TlsFailureReason.CertificateInvalid, $"{which} is refused: {X509Errors.Describe(error)}."),
        };
    }

    private static string Serial(CertificateFields certificate) => Convert.ToHexString(certificate.SerialNumber.Span);

    private static string Describe(VerifiedPath path) => path.SpiffeIds.Count > 0
        ? string.Join(" and ", path.SpiffeIds.Take(3))
        : "without a SPIFFE identity";

    private static string DescribeExpected(IReadOnlyList<SpiffeId> expected) =>
        expected.Count > 0 ? string.Join(" or ", expected.Take(3)) : "nobody: no identity is known for this destination";
}
