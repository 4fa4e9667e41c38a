using System.Text;
using System.Text.Json;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Authority;

/// <summary>
/// The Secret that keeps the authority: the keys another control plane of this kind knows (ca-cert.pem, ca-key.pem,
/// cert-chain.pem, key.pem, root-cert.pem), and ours for the time of a rotation.
/// </summary>
internal static class AuthoritySecret
{
    public const string Name = "istio-ca-secret";
    public const string Type = "istio.io/ca-root";

    /// <summary>Put on the Secret with any new value, it asks for a new root: <c>kubectl annotate secret istio-ca-secret …=$(date +%s)</c>.</summary>
    public const string RotateAnnotation = "ambient.istio.io/rotate-root";

    private const string Certificate = "ca-cert.pem", Key = "ca-key.pem", Chain = "cert-chain.pem", Roots = "root-cert.pem";
    private const string SignerRoots = "signer-root-cert.pem", Record = "rotation.json", Next = "next-";
    private const int MaxRecordBytes = 64 * 1024;

    public static IReadOnlyDictionary<string, byte[]> Write(AuthorityState state)
    {
        var current = state.Current.Material;
        var data = new Dictionary<string, string>
        {
            [Certificate] = current.Certificate,
            [Key] = current.Key,
            [Chain] = current.Chain,
            ["key.pem"] = "",
            [Roots] = state.RootsPem,
            [SignerRoots] = current.Roots,
            [Record] = JsonSerializer.Serialize(RecordOf(state), AuthorityJson.Default.AuthorityRecord),
        };
        if (state.Next?.Material is { } next)
        {
            data[Next + Certificate] = next.Certificate;
            data[Next + Key] = next.Key;
            data[Next + Chain] = next.Chain;
            data[Next + Roots] = next.Roots;
        }
        return data.ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetBytes(entry.Value));
    }

    /// <param name="unknownLongestLeaf">What to take when the Secret does not say: another control plane made it.</param>
    /// <exception cref="AuthorityException">InvalidMaterial, with what is wrong and what to do.</exception>
    public static AuthorityState Read(Secret secret, TimeSpan unknownLongestLeaf, DateTimeOffset now)
    {
        var record = ReadRecord(secret);
        var bundle = Text(secret, Roots) is { Length: > 0 } roots ? roots : Text(secret, Certificate);
        var signerRoots = Text(secret, SignerRoots) is { Length: > 0 } own ? own : bundle;
        var current = Signer.LoadStored(new(Text(secret, Certificate), Text(secret, Key), Text(secret, Chain), signerRoots), now);
        if (record?.Signer is { } signer && signer != current.Fingerprint)
            throw new AuthorityException(AuthorityFailure.InvalidMaterial,
                $"Secret {Name}: {Certificate} was replaced by hand, which would break every connection between old and new certificates. " +
                $"To bring an authority of your own create the Secret {PluggedInAuthority.Name}; for a new root annotate this Secret with " +
                $"{RotateAnnotation}; to accept the edit all the same remove its {Record}.");
        return new AuthorityState
        {
            Current = current,
            Next = secret.Data?.ContainsKey(Next + Certificate) == true ? ReadNext(secret, now) : null,
            NextIsPluggedIn = record?.NextIsPluggedIn ?? false,
            Roots = ReadRoots(bundle, record),
            LongestLeaf = record is { LongestLeafSeconds: > 0 } ? TimeSpan.FromSeconds(Math.Min(record.LongestLeafSeconds, (long)TimeSpan.FromDays(3650).TotalSeconds)) : unknownLongestLeaf,
            HandledRequest = record?.HandledRequest,
        };
    }

    /// <summary>The text of one key; empty if absent.</summary>
    public static string Text(Secret secret, string key) =>
        secret.Data is not null && secret.Data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";

    private static Signer ReadNext(Secret secret, DateTimeOffset now) => Signer.LoadStored(new(Text(secret, Next + Certificate),
        Text(secret, Next + Key), Text(secret, Next + Chain), Text(secret, Next + Roots)), now);

    private static EquatableArray<TrustedRoot> ReadRoots(string bundle, AuthorityRecord? record)
    {
        var known = (record?.Roots ?? []).DistinctBy(root => root.Sha256).ToDictionary(root => root.Sha256);
        return [.. PemCertificates.Read(Roots, bundle).DistinctBy(PemCertificates.Fingerprint).Select(certificate =>
        {
            var root = AuthorityState.RootOf(certificate, since: null);
            return known.TryGetValue(root.Fingerprint, out var noted) ? root with { Since = noted.Since, UnusedSince = noted.UnusedSince } : root;
        })];
    }

    // A record that cannot be read only makes waits start anew: longer is safe.
    private static AuthorityRecord? ReadRecord(Secret secret)
    {
        if (secret.Data is null || !secret.Data.TryGetValue(Record, out var json) || json.Length > MaxRecordBytes)
            return null;
        try
        {
            return JsonSerializer.Deserialize(json, AuthorityJson.Default.AuthorityRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static AuthorityRecord RecordOf(AuthorityState state) => new()
    {
        Signer = state.Current.Fingerprint,
        LongestLeafSeconds = (long)state.LongestLeaf.TotalSeconds,
        HandledRequest = state.HandledRequest,
        NextIsPluggedIn = state.NextIsPluggedIn,
        Roots = [.. state.Roots.Select(root => new RootRecord(root.Fingerprint, root.Since, root.UnusedSince))],
    };
}
