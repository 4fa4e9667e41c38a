using System.Text.Json.Nodes;
using Ambient.ControlPlane.Provisioning;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>Users' documents over ours.</summary>
public sealed class OverlayTests
{
    [Theory]
    [InlineData("a: 1", "b: 2", "{a: 1, b: 2}")]
    [InlineData("{a: {b: 1, c: 2}}", "{a: {c: 3}}", "{a: {b: 1, c: 3}}")]
    [InlineData("{a: {b: 1, c: 2}}", "{a: {b: null}}", "{a: {c: 2}}")]
    [InlineData("{a: [1, 2]}", "{a: [3]}", "{a: [3]}")]
    [InlineData("{}", "{a: {b: null, c: 1}}", "{a: {c: 1}}")]
    [InlineData("{env: [{name: A, value: x}, {name: B, value: y}]}", "{env: [{name: B, value: z}, {name: C, value: w}]}",
        "{env: [{name: A, value: x}, {name: B, value: z}, {name: C, value: w}]}")]
    [InlineData("{containers: [{name: waypoint, image: a, args: [x]}]}", "{containers: [{name: waypoint, args: [y, z]}, {name: side, image: b}]}",
        "{containers: [{name: waypoint, image: a, args: [y, z]}, {name: side, image: b}]}")]
    [InlineData("{ports: [{containerPort: 1, name: a}]}", "{ports: [{containerPort: 1, name: b}, {containerPort: 2}]}", "{ports: [{containerPort: 1, name: b}, {containerPort: 2}]}")]
    [InlineData("{ports: [{port: 1, name: a}]}", "{ports: [{port: 1, nodePort: 30000}]}", "{ports: [{port: 1, name: a, nodePort: 30000}]}")]
    [InlineData("{tolerations: [{key: a}]}", "{tolerations: [{key: b}]}", "{tolerations: [{key: b}]}")]
    public void Maps_are_merged_lists_by_their_key_and_others_replaced(string document, string overlay, string expected)
    {
        var merged = Parse(document);

        Overlay.Apply(merged, Parse(overlay));

        Assert.True(JsonNode.DeepEquals(Parse(expected), merged), merged.ToJsonString());
    }

    [Fact]
    public void Directives_are_refused_not_ignored() =>
        Assert.Contains("$patch", Assert.Throws<ConfigurationException>(() => Overlay.Apply(Parse("{a: {b: 1}}"), Parse("{a: {$patch: replace}}"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{a: {b: 1}}", "{a: 1}", "a is a map")]
    [InlineData("{a: {b: 1}}", "{a: [1]}", "a is a map")]
    [InlineData("{a: [1]}", "{a: {b: 1}}", "a is a list")]
    public void A_map_or_a_list_stays_one(string document, string overlay, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigurationException>(() => Overlay.Apply(Parse(document), Parse(overlay))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{a: 1, b: [{}]}", "{a: 1, b: [{}], c: 3}", true)]
    [InlineData("{a: 1}", "{a: 2}", false)]
    [InlineData("{a: 1}", "{}", false)]
    [InlineData("{a: \"\", b: [], c: {}}", "{}", true)]
    [InlineData("{env: [{name: A, value: x}]}", "{env: [{name: Z}, {name: A, value: x, extra: 1}]}", true)]
    [InlineData("{env: [{name: A, value: x}]}", "{env: [{name: A, value: y}]}", false)]
    [InlineData("{args: [a]}", "{args: [a, b]}", false)]
    public void An_object_holds_what_is_wanted_if_it_says_at_least_that(string wanted, string found, bool holds) =>
        Assert.Equal(holds, Overlay.Holds(Parse(wanted), Parse(found)));

    [Fact]
    public void What_was_laid_over_holds_for_any_two_documents()
    {
        var applied = 0;
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var (document, overlay) = (Random(random, 0), Random(random, 0));

            try { Overlay.Apply(document, overlay); }
            catch (ConfigurationException) { continue; } // a list where there is a map, or the other way round
            applied++;
            var once = document.ToJsonString();
            Overlay.Apply(document, overlay);

            Assert.True(Overlay.Holds(overlay, document), $"seed {seed}");
            Assert.True(once == document.ToJsonString(), $"seed {seed}: a second time changes something");
        }

        Assert.True(applied > 1500, $"only {applied} could be laid over");
    }

    [Theory]
    [InlineData("1", "1")]
    [InlineData("\"1\"", "\"1\"")]
    [InlineData("0644", "420")]
    [InlineData("1.5", "1.5")]
    [InlineData("true", "true")]
    [InlineData("100m", "\"100m\"")]
    [InlineData("1e400", "\"1e400\"")]
    [InlineData("99999999999999999999999", "1E+23")]
    [InlineData("~", "null")]
    [InlineData("", "null")]
    public void Scalars_become_what_kubernetes_makes_of_them(string yaml, string json) =>
        Assert.Equal(json, YamlDocument.Parse($"a: {yaml}", "test")["a"]?.ToJsonString() ?? "null");

    [Theory]
    [InlineData("deploymnt", "a: 1", "there is no such object")]
    [InlineData("deployment", "- a", "not a map")]
    [InlineData("deployment", "", "not a map")]
    [InlineData("deployment", "a: &x 1\nb: *x", "anchors")]
    [InlineData("deployment", "metadata: {name: other}", "metadata.name cannot be changed")]
    [InlineData("service", "spec: {selector: {app: other}}", "spec.selector cannot be changed")]
    [InlineData("service", "spec: {selector: null}", "spec.selector cannot be changed")]
    public void A_map_that_cannot_be_used_is_refused_by_name(string key, string text, string problem)
    {
        var map = new ConfigMap { Metadata = new() { Name = "m", Namespace = "demo" }, Data = new Dictionary<string, string> { [key] = text } };

        var error = Assert.Throws<ConfigurationException>(() => new Overlays().Add(map));

        Assert.Contains("demo/m", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_brings_the_reader_into_trouble()
    {
        const string parts = "deployment: {spec}[]-,\"'|>&*!%@`\n\t 0123#";
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => parts[random.Next(parts.Length)]));
            try { YamlDocument.Parse(text, "test"); }
            catch (ConfigurationException) { }
        }
    }

    internal static JsonObject Parse(string yaml) => YamlDocument.Parse(yaml, "test");

    private static JsonObject Random(Random random, int depth)
    {
        var result = new JsonObject();
        for (var i = random.Next(4); i > 0; i--)
        {
            var name = ((string[])["a", "b", "env", "ports", "args", "spec"])[random.Next(6)];
            result[name] = random.Next(depth > 3 ? 2 : 5) switch
            {
                0 => JsonValue.Create(random.Next(3)),
                1 => null,
                2 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(i => (JsonNode?)new JsonObject { ["name"] = $"n{i}", ["port"] = i, ["value"] = random.Next(3) })]),
                3 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => (JsonNode?)JsonValue.Create(random.Next(3)))]),
                _ => Random(random, depth + 1),
            };
        }

        return result;
    }
}
