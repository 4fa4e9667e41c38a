using Ambient.Protos.Xds;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds;

/// <summary>
/// Our extension of delta xDS: a client that comes back says in a few bytes what it holds, where the protocol would have it list every
/// resource with its version.
/// </summary>
/// <remarks>
/// A server that knows the extension writes <c>ambient:TOKEN</c> into <c>system_version_info</c> of each response after which a wildcard
/// client holds exactly one of its states, and <c>ambient:</c> into all others. A client that has applied all of such a response may begin
/// its next stream with an empty <c>initial_resource_versions</c> and the token under <see cref="MetadataKey"/> in its node's metadata, by
/// type URL. The server goes on from that state; if it does not know it, it answers <c>ambient:?</c> and no resource, and the client
/// sends the first request of the type again, with versions. Tokens are digests of content, so replicas know each other's.
/// A client announces the extension by the key, be it empty; only then may its first state come in several responses, as other clients
/// take the first response of a type for all of it. A peer without the extension loses nothing: a server ignores the metadata key and answers as to a new client, which the client tells by
/// the missing <c>ambient:</c>, drops, and begins again with versions; a client ignores <c>system_version_info</c>, as xDS says.
/// </remarks>
public static class StateToken
{
    /// <summary>Field of the node's metadata: a struct of tokens by type URL.</summary>
    public const string MetadataKey = "AMBIENT_STATE";

    private const string Prefix = "ambient:", Unknown = Prefix + "?";

    /// <param name="token">Null: the client holds no state that could be named.</param>
    public static string ToVersionInfo(string? token) => Prefix + token;

    /// <summary>The server's answer to a token that it does not know.</summary>
    public static string UnknownState => Unknown;

    public static bool IsExtended(string versionInfo) => versionInfo.StartsWith(Prefix, StringComparison.Ordinal);

    public static bool IsUnknownState(string versionInfo) => versionInfo == Unknown;

    /// <summary>The token of a response; null if it has none.</summary>
    public static string? Read(string versionInfo) =>
        IsExtended(versionInfo) && versionInfo.Length > Prefix.Length && versionInfo != Unknown ? versionInfo[Prefix.Length..] : null;

    /// <summary>What a node says that it holds of a type; null if nothing.</summary>
    public static string? Read(Node? node, string typeUrl) =>
        node?.Metadata?.Fields.TryGetValue(MetadataKey, out var tokens) == true && tokens.KindCase == Value.KindOneofCase.StructValue
        && tokens.StructValue.Fields.TryGetValue(typeUrl, out var token) && token.KindCase == Value.KindOneofCase.StringValue
            ? token.StringValue
            : null;

    /// <summary>True if the client knows the extension: it also takes its first state in several responses, the last of which has the token.</summary>
    public static bool IsAnnounced(Node? node) => node?.Metadata?.Fields.ContainsKey(MetadataKey) == true;

    /// <summary>A copy of <paramref name="node"/> that says that its client knows the extension.</summary>
    public static Node Announce(Node node)
    {
        var copy = node.Clone();
        copy.Metadata ??= new();
        copy.Metadata.Fields[MetadataKey] = Value.ForStruct(new());
        return copy;
    }

    /// <summary>A copy of <paramref name="node"/> that says what it holds of a type.</summary>
    public static Node Write(Node node, string typeUrl, string token)
    {
        var copy = node.Clone();
        copy.Metadata ??= new();
        copy.Metadata.Fields[MetadataKey] = Value.ForStruct(new() { Fields = { [typeUrl] = Value.ForString(token) } });
        return copy;
    }
}
