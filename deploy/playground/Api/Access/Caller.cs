using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Access;

/// <summary>Who asks.</summary>
public sealed record Caller(string Name, string Uid, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, IReadOnlyList<string>> Extra)
{
    public const string Administrators = "system:masters";

    public static readonly Caller Administrator = new("kubernetes-admin", "", [Administrators, "system:authenticated"], new Dictionary<string, IReadOnlyList<string>>());

    public bool IsAdministrator => Groups.Contains(Administrators);

    public JsonObject ToUserInfo()
    {
        var info = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0) info["uid"] = Uid;
        info["groups"] = Json.Strings(Groups);
        if (Extra.Count > 0) info["extra"] = new JsonObject(Extra.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Json.Strings(pair.Value))));
        return info;
    }
}
