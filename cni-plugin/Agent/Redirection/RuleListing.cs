using System.Net;
using System.Text;
using System.Text.Json;

namespace Ambient.CniAgent.Redirection;

/// <summary>The chains and rules of a table as nft lists them in JSON, without what differs from look to look.</summary>
/// <remarks>
/// Two listings are of the same table if they are equal: chains with their hooks, rules with their order. Handles, counts and
/// the elements of the sets of older connections are left out.
/// </remarks>
internal sealed class RuleListing
{
    private readonly SortedDictionary<string, List<string>> _chains = new(StringComparer.Ordinal);

    /// <summary>The connections that the rules let go on. They are no part of the comparison.</summary>
    public List<OlderConnection> Older { get; } = [];

    /// <summary>Reads what <c>nft -j list table</c> prints, or what <c>nft -j -e -f</c> says that it added.</summary>
    /// <exception cref="RedirectionException">Not nft's JSON.</exception>
    public static RuleListing Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var listing = new RuleListing();
            foreach (var item in document.RootElement.GetProperty("nftables").EnumerateArray())
                listing.Add(item.TryGetProperty("add", out var added) || item.TryGetProperty("create", out added) ? added : item);
            return listing;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RedirectionException($"nft printed what is not its JSON: {error.Message} Is nft at least version 1.0?", error);
        }
    }

    /// <summary>Nothing passes beside the rules: they are not merely what is left while a pod goes.</summary>
    public bool Guards => _chains.ContainsKey(RedirectRules.GuardChain);

    public bool IsEmpty => _chains.Count == 0;

    /// <summary>Where <paramref name="found"/> is not what this is; empty if they are equal.</summary>
    public IReadOnlyList<string> Differences(RuleListing found)
    {
        var differences = new List<string>();
        foreach (var (chain, rules) in _chains)
        {
            if (!found._chains.TryGetValue(chain, out var present))
                differences.Add($"chain {chain} is missing");
            else if (!rules.SequenceEqual(present))
                differences.Add(FirstDifference(chain, rules, present));
        }
        foreach (var chain in found._chains.Keys.Except(_chains.Keys))
            differences.Add($"chain {chain} is not ours");
        return differences;
    }

    private static string FirstDifference(string chain, List<string> expected, List<string> present)
    {
        for (var i = 0; i < expected.Count; i++)
        {
            if (i >= present.Count)
                return $"chain {chain} has {present.Count - 1} rules instead of {expected.Count - 1}";
            if (expected[i] != present[i])
                return $"chain {chain}: {(i == 0 ? "its hook" : $"rule {i}")} is {present[i]} instead of {expected[i]}";
        }
        return $"chain {chain} has {present.Count - 1} rules instead of {expected.Count - 1}";
    }

    // The first entry of a chain is its declaration, the others are its rules in order.
    private void Add(JsonElement item)
    {
        if (item.TryGetProperty("chain", out var chain))
            Entries(chain.GetProperty("name").GetString()!).Insert(0, Stable(chain));
        else if (item.TryGetProperty("rule", out var rule))
            Entries(rule.GetProperty("chain").GetString()!).Add(Stable(rule));
        else if (item.TryGetProperty("set", out var set) && OlderConnections.IsSet(set.GetProperty("name").GetString()!))
            AddOlder(set);
        else if (!item.TryGetProperty("metainfo", out _) && !item.TryGetProperty("table", out _) && !item.TryGetProperty("element", out _))
            Entries("(other objects)").Add(Stable(item));
    }

    private void AddOlder(JsonElement set)
    {
        if (!set.TryGetProperty("elem", out var elements))
            return;
        foreach (var element in elements.EnumerateArray())
        {
            if (element.TryGetProperty("concat", out var parts) && parts.GetArrayLength() == 4
                && IPAddress.TryParse(parts[0].GetString(), out var local) && IPAddress.TryParse(parts[2].GetString(), out var remote))
                Older.Add(new OlderConnection(new IPEndPoint(local, parts[1].GetInt32()), new IPEndPoint(remote, parts[3].GetInt32())));
        }
    }

    private List<string> Entries(string chain)
    {
        if (!_chains.TryGetValue(chain, out var entries))
            _chains[chain] = entries = [];
        return entries;
    }

    private static string Stable(JsonElement element)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, element);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    if (property.Name is "handle" or "index" or "packets" or "bytes")
                        continue;
                    writer.WritePropertyName(property.Name);
                    if (property is { Name: "set", Value.ValueKind: JsonValueKind.Array })
                        WriteSorted(writer, property.Value);
                    else
                        Write(writer, property.Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    // The kernel tells the elements of a rule's set in any order.
    private static void WriteSorted(Utf8JsonWriter writer, JsonElement set)
    {
        writer.WriteStartArray();
        foreach (var element in set.EnumerateArray().OrderBy(static element => element.GetRawText(), StringComparer.Ordinal))
            Write(writer, element);
        writer.WriteEndArray();
    }
}
