using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Access;

/// <summary>Issues and checks the tokens of service accounts: JWTs (RFC 7519), ES256, keys made at start and never written.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class TokenIssuer : IDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10), Longest = TimeSpan.FromDays(365);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Lock _signing = new();
    private readonly ObjectStore _store;
    private readonly string _issuer;
    private readonly string _keyId;

    internal TokenIssuer(ObjectStore store, string issuer)
    {
        _store = store;
        _issuer = issuer;
        _keyId = Base64Url.EncodeToString(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()).AsSpan(0, 16));
    }

    /// <summary>A token for an account, as TokenRequest gives it.</summary>
    /// <param name="audiences">Whom it is for; empty for this API.</param>
    /// <param name="lifetime">Cut to 10 min – 1 year.</param>
    /// <param name="pod">The pod that it is bound to: it ends with it. Null for none.</param>
    /// <exception cref="StatusException">NotFound: no such account or pod.</exception>
    public IssuedToken Issue(string ns, string account, IReadOnlyList<string> audiences, TimeSpan lifetime, string? pod = null)
    {
        var owner = _store.Get(_store.Kinds.Get("", "ServiceAccount"), ns, account);
        var place = new JsonObject { ["namespace"] = ns, ["serviceaccount"] = Reference(owner) };
        if (pod is not null) Bind(place, _store.Get(_store.Kinds.Get("", "Pod"), ns, pod), account);
        var now = _store.Time.GetUtcNow();
        lifetime = lifetime < Shortest ? Shortest : lifetime > Longest ? Longest : lifetime;
        var claims = new JsonObject
        {
            ["aud"] = Json.Strings(audiences.Count > 0 ? audiences : [_issuer]), ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(), ["iss"] = _issuer, ["jti"] = Guid.NewGuid().ToString(), ["kubernetes.io"] = place,
            ["nbf"] = now.ToUnixTimeSeconds(), ["sub"] = $"system:serviceaccount:{ns}:{account}",
        };
        return new(Sign(claims), now + lifetime);
    }

    /// <summary>Checks a token.</summary>
    /// <param name="audiences">Of which it must have at least one; empty for this API.</param>
    /// <returns>Who it belongs to and which of the audiences it is for; null and the reason otherwise.</returns>
    public (Caller? Caller, IReadOnlyList<string> Audiences, string? Error) Check(string token, IReadOnlyList<string> audiences)
    {
        if (Verify(token) is not { } claims) return Refuse("the token is not one of this cluster's");
        var now = _store.Time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Number("exp") is not { } end || end <= now) return Refuse("service account token has expired");
        if (claims.Number("nbf") > now + 60) return Refuse("service account token is not valid yet");
        var wanted = audiences.Count > 0 ? audiences : [_issuer];
        var shared = wanted.Intersect(claims.TextsAt("aud")).ToList();
        if (shared.Count == 0) return Refuse($"token audiences [{string.Join(", ", claims.TextsAt("aud"))}] is invalid for the target audiences [{string.Join(", ", wanted)}]");
        var place = claims.ObjectAt("kubernetes.io");
        if (Outlived(place) is { } error) return Refuse(error);
        return (Describe(place!, claims.Text("jti") ?? ""), shared, null);
    }

    public void Dispose() => _key.Dispose();

    private static (Caller?, IReadOnlyList<string>, string?) Refuse(string why) => (null, [], why);

    private static void Bind(JsonObject place, StoredObject pod, string account)
    {
        var document = pod.Copy();
        if (document.Text("spec", "serviceAccountName") != account)
            throw StatusException.BadRequest($"cannot bind token for serviceaccount \"{account}\" to pod running with different serviceaccount name.");
        place["pod"] = Reference(pod);
        if (document.Text("spec", "nodeName") is { Length: > 0 } node) place["node"] = new JsonObject { ["name"] = node };
    }

    // What the token was made for must still be the same: an account or pod that is made again is another one.
    private string? Outlived(JsonObject? place)
    {
        var ns = place.Text("namespace") ?? "";
        var account = _store.Find(_store.Kinds.Get("", "ServiceAccount"), ns, place.Text("serviceaccount", "name") ?? "");
        if (account?.Uid != place.Text("serviceaccount", "uid")) return "service account has been deleted";
        if (place.ObjectAt("pod") is not { } bound) return null;
        var pod = _store.Find(_store.Kinds.Get("", "Pod"), ns, bound.Text("name") ?? "");
        return pod?.Uid == bound.Text("uid") ? null : "the pod of the service account token has been deleted";
    }

    private Caller Describe(JsonObject place, string id)
    {
        var (ns, account) = (place.Text("namespace")!, place.Text("serviceaccount", "name")!);
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"JTI={id}"] };
        if (place.Text("pod", "name") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod];
            extra["authentication.kubernetes.io/pod-uid"] = [place.Text("pod", "uid")!];
        }
        if (place.Text("node", "name") is { } node)
        {
            extra["authentication.kubernetes.io/node-name"] = [node];
            if (_store.Find(_store.Kinds.Get("", "Node"), "", node) is { } found) extra["authentication.kubernetes.io/node-uid"] = [found.Uid];
        }
        return new($"system:serviceaccount:{ns}:{account}", place.Text("serviceaccount", "uid")!,
            ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"], extra);
    }

    private string Sign(JsonObject claims)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["kid"] = _keyId };
        var signed = $"{Base64Url.EncodeToString(head.ToUtf8())}.{Base64Url.EncodeToString(claims.ToUtf8())}";
        lock (_signing) return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private JsonObject? Verify(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || token.Length > 16 * 1024) return null;
        try
        {
            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            lock (_signing)
                if (!_key.VerifyData(signed, Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)) return null;
            return Json.ParseObject(Base64Url.DecodeFromChars(parts[1]));
        }
        catch (Exception error) when (error is FormatException or JsonException or CryptographicException)
        {
            return null;
        }
    }

    private static JsonObject Reference(StoredObject value) => new() { ["name"] = value.Name, ["uid"] = value.Uid };
}

/// <param name="Token">Secret: whoever has it is the account.</param>
public sealed record IssuedToken(string Token, DateTimeOffset Expires)
{
    public override string ToString() => $"token until {Expires:O}";
}
