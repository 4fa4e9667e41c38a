using System.Text.Json.Serialization;

namespace Ambient.ControlPlane.Authority;

/// <summary>The part of the state that is no certificate and no key, as the Secret's rotation.json.</summary>
internal sealed record AuthorityRecord
{
    /// <summary>Fingerprint of the certificate that signs: shows an edit by hand.</summary>
    public string? Signer { get; init; }

    public long LongestLeafSeconds { get; init; }

    public string? HandledRequest { get; init; }

    public bool NextIsPluggedIn { get; init; }

    public IReadOnlyList<RootRecord>? Roots { get; init; }
}

internal sealed record RootRecord(string Sha256, DateTimeOffset? Since, DateTimeOffset? UnusedSince);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AuthorityRecord))]
internal sealed partial class AuthorityJson : JsonSerializerContext;
