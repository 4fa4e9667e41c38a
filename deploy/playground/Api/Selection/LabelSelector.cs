using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Selection;

/// <summary>Requirements on labels; all must hold.</summary>
public sealed class LabelSelector(IReadOnlyList<LabelSelector.Requirement> requirements)
{
    public static readonly LabelSelector Everything = new([]);

    public bool IsEmpty => requirements.Count == 0;

    public bool Matches(IReadOnlyDictionary<string, string> labels) => requirements.All(one => one.Holds(labels.GetValueOrDefault(one.Key)));

    public bool Matches(JsonObject? labels) => requirements.All(one => one.Holds(labels.Text(one.Key)));

    /// <summary>Of a query: <c>app=web,tier!=db,env in (a,b),!canary</c>.</summary>
    /// <exception cref="StatusException">BadRequest.</exception>
    public static LabelSelector Parse(string text) => new(new LabelSelectorText(text).Read());

    /// <summary>Of a document: matchLabels and matchExpressions. Nothing selects nothing; see <see cref="IsEmpty"/>.</summary>
    public static LabelSelector Read(JsonObject? selector, string path = "selector", List<FieldProblem>? problems = null)
    {
        var all = new List<Requirement>();
        foreach (var (key, value) in selector.ObjectAt("matchLabels") ?? []) all.Add(new(key, Operator.In, [value.Text() ?? ""]));
        foreach (var expression in selector.ObjectsAt("matchExpressions"))
        {
            if (Enum.TryParse<Operator>(expression.Text("operator"), out var operation) && operation != Operator.GreaterThan && operation != Operator.LessThan)
                all.Add(new(expression.Text("key") ?? "", operation, [.. expression.TextsAt("values")]));
            else
                problems?.Add(FieldProblem.Invalid($"{path}.matchExpressions.operator", expression["operator"]?.DeepClone(), "not a valid selector operator"));
        }
        return new(all);
    }

    /// <summary>Of a service: plain pairs.</summary>
    public static LabelSelector OfPairs(JsonObject? pairs) =>
        new([.. (pairs ?? []).Select(pair => new Requirement(pair.Key, Operator.In, [pair.Value.Text() ?? ""]))]);

    /// <summary>As a query writes it.</summary>
    public override string ToString() => string.Join(',', requirements.Select(one => one.ToString()));

    public enum Operator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan }

    public sealed record Requirement(string Key, Operator Operator, IReadOnlyList<string> Values)
    {
        public bool Holds(string? value) => Operator switch
        {
            Operator.In => value is not null && Values.Contains(value),
            Operator.NotIn => value is null || !Values.Contains(value),
            Operator.Exists => value is not null,
            Operator.DoesNotExist => value is null,
            Operator.GreaterThan => long.TryParse(value, out var number) && long.TryParse(Values[0], out var limit) && number > limit,
            _ => long.TryParse(value, out var number) && long.TryParse(Values[0], out var limit) && number < limit,
        };

        public override string ToString() => Operator switch
        {
            Operator.In when Values.Count == 1 => $"{Key}={Values[0]}",
            Operator.In => $"{Key} in ({string.Join(',', Values)})",
            Operator.NotIn when Values.Count == 1 => $"{Key}!={Values[0]}",
            Operator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
            Operator.Exists => Key,
            Operator.DoesNotExist => $"!{Key}",
            Operator.GreaterThan => $"{Key}>{Values[0]}",
            _ => $"{Key}<{Values[0]}",
        };
    }
}
