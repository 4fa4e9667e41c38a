using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Patching;
using Ambient.Playground.Api.Schemas;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Playground.Tests.Api;

public sealed class PatchTests
{
    private static readonly Schema PodSpec = SchemaLibrary.BuiltIn.Type("PodSpec");

    // RFC 7396 appendix A.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"a":"foo"}""", """null""", """null""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Merge_patches_do_what_the_standards_examples_say(string target, string patch, string expected) =>
        Same(expected, MergePatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch)));

    // RFC 6902 appendix A.
    [Theory]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"qux"}]""", """{"baz":"qux","foo":"bar"}""")]
    [InlineData("""{"foo":["bar","baz"]}""", """[{"op":"add","path":"/foo/1","value":"qux"}]""", """{"foo":["bar","qux","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"remove","path":"/baz"}]""", """{"foo":"bar"}""")]
    [InlineData("""{"foo":["bar","qux","baz"]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":["bar","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"replace","path":"/baz","value":"boo"}]""", """{"baz":"boo","foo":"bar"}""")]
    [InlineData("""{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}""", """[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]""", """{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}""")]
    [InlineData("""{"foo":["all","grass","cows","eat"]}""", """[{"op":"move","from":"/foo/1","path":"/foo/3"}]""", """{"foo":["all","cows","eat","grass"]}""")]
    [InlineData("""{"baz":"qux","foo":["a",2,"c"]}""", """[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]""", """{"baz":"qux","foo":["a",2,"c"]}""")]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/child","value":{"grandchild":{}}}]""", """{"foo":"bar","child":{"grandchild":{}}}""")]
    [InlineData("""{"/":9,"~1":10}""", """[{"op":"test","path":"/~01","value":10}]""", """{"/":9,"~1":10}""")]
    [InlineData("""{"foo":["bar"]}""", """[{"op":"add","path":"/foo/-","value":["abc","def"]}]""", """{"foo":["bar",["abc","def"]]}""")]
    public void Json_patches_do_what_the_standards_examples_say(string target, string patch, string expected) =>
        Same(expected, JsonPatch.Apply(JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)));

    [Theory]
    [InlineData("""[{"op":"test","path":"/baz","value":"bar"}]""")]
    [InlineData("""[{"op":"add","path":"/baz/bat","value":"qux"}]""")]
    [InlineData("""[{"op":"remove","path":"/nothing"}]""")]
    [InlineData("""[{"op":"add","path":"/list/9","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/01","value":1}]""")]
    [InlineData("""[{"op":"move","from":"/list","path":"/list/x"}]""")]
    [InlineData("""[{"op":"jump","path":"/list"}]""")]
    [InlineData("""[{"op":"add","path":"list","value":1}]""")]
    [InlineData("""[{"path":"/list"}]""")]
    [InlineData("""[{"op":"replace","path":"","value":1}]""")]
    [InlineData("""{"op":"add"}""")]
    [InlineData("""[1]""")]
    public void Json_patches_that_cannot_be_done_are_refused(string patch) =>
        Assert.Contains(Assert.Throws<StatusException>(() => JsonPatch.Apply(JsonNode.Parse("""{"list":[1]}""")!.AsObject(), JsonNode.Parse(patch))).Code, (int[])[400, 422]);

    [Theory]
    [InlineData("""{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}""", """{"containers":[{"name":"b","image":"2"}]}""",
        """{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"name":"a","$patch":"delete"}]}""", """{"containers":[{"name":"b"}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"$patch":"replace"},{"name":"c"}]}""", """{"containers":[{"name":"c"}]}""")]
    [InlineData("""{"containers":[{"name":"a"}]}""", """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b"}]}""", """{"containers":[{"name":"b"},{"name":"a"}]}""")]
    [InlineData("""{"volumes":[{"name":"v","emptyDir":{}}]}""", """{"volumes":[{"$retainKeys":["name","secret"],"name":"v","secret":{"secretName":"s"}}]}""", """{"volumes":[{"name":"v","secret":{"secretName":"s"}}]}""")]
    [InlineData("""{"tolerations":[{"key":"a"}]}""", """{"tolerations":[{"key":"b"}]}""", """{"tolerations":[{"key":"b"}]}""")]
    [InlineData("""{"nodeSelector":{"a":"1","b":"2"}}""", """{"nodeSelector":{"a":null,"c":"3"}}""", """{"nodeSelector":{"b":"2","c":"3"}}""")]
    [InlineData("""{"nodeSelector":{"a":"1"}}""", """{"nodeSelector":{"$patch":"replace","c":"3"}}""", """{"nodeSelector":{"c":"3"}}""")]
    [InlineData("""{"nodeSelector":{"a":"1"},"hostname":"h"}""", """{"nodeSelector":{"$patch":"delete"}}""", """{"hostname":"h"}""")]
    [InlineData("""{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"UDP"}]}]}""", """{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"TCP"}]}]}""",
        """{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"TCP"}]}]}""")]
    [InlineData("""{}""", """{"containers":[{"name":"a","env":[{"name":"X","value":null}]}]}""", """{"containers":[{"name":"a","env":[{"name":"X"}]}]}""")]
    public void Strategic_patches_merge_lists_by_their_keys(string target, string patch, string expected) =>
        Same(expected, StrategicMergePatch.Apply(PodSpec, JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)));

    [Fact]
    public void Finalizers_are_merged_as_a_set()
    {
        var metadata = SchemaLibrary.BuiltIn.Type("ObjectMeta");

        var merged = StrategicMergePatch.Apply(metadata, Parse("""{"finalizers":["a","b"]}"""), Parse("""{"finalizers":["c"],"$deleteFromPrimitiveList/finalizers":["a"]}"""));

        Same("""{"finalizers":["b","c"]}""", merged);
    }

    [Fact]
    public void A_merge_patch_made_from_two_documents_leads_from_one_to_the_other() =>
        Prop.ForAll(Documents.Arbitrary, Documents.Arbitrary, (from, to) =>
        {
            var patched = MergePatch.Apply(from.DeepClone(), Difference(from, to));
            return JsonNode.DeepEquals(patched, to);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_merge_patch_is_done_twice_as_once_and_stays_as_it_was() =>
        Prop.ForAll(Documents.Arbitrary, Documents.Arbitrary, (target, patch) =>
        {
            var before = patch.ToJsonString();
            var once = MergePatch.Apply(target.DeepClone(), patch);
            var twice = MergePatch.Apply(once!.DeepClone(), patch);
            return JsonNode.DeepEquals(once, twice) && patch.ToJsonString() == before;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Without_lists_and_directives_a_strategic_patch_is_a_merge_patch() =>
        Prop.ForAll(Documents.Arbitrary, Documents.Arbitrary, (target, patch) => JsonNode.DeepEquals(
            StrategicMergePatch.Apply(Schema.Anything, (JsonObject)target.DeepClone(), patch), MergePatch.Apply(target.DeepClone(), patch))).QuickCheckThrowOnFailure();

    [Fact]
    public void A_json_patch_that_removes_and_adds_every_field_leads_to_the_other_document() =>
        Prop.ForAll(Documents.Arbitrary, Documents.Arbitrary, (from, to) =>
        {
            static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
            var patch = new JsonArray();
            foreach (var (name, _) in from) patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = $"/{Escape(name)}" });
            foreach (var (name, value) in to) patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"/{Escape(name)}", ["value"] = value?.DeepClone() });
            return JsonNode.DeepEquals(JsonPatch.Apply(from, patch), to);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_changed_is_what_differs_path_by_path() => Prop.ForAll(Documents.Arbitrary, Documents.Arbitrary, (from, to) =>
    {
        var (changed, removed) = (new FieldSet(), new FieldSet());
        FieldSet.Compare(Schema.Anything, from, to, changed, removed);
        static IEnumerable<string> Texts(IEnumerable<IReadOnlyList<string>> paths) => paths.Select(path => string.Join('|', path)).Order(StringComparer.Ordinal);

        var different = FieldSet.Of(Schema.Anything, to).Paths().Where(path => !JsonNode.DeepEquals(FieldPath.Find(from, path), FieldPath.Find(to, path)));
        var gone = FieldSet.Of(Schema.Anything, from).Except(FieldSet.Of(Schema.Anything, to));
        return Texts(changed.Paths()).SequenceEqual(Texts(different)) && gone.Except(removed.Union(changed)).IsEmpty;
    }).QuickCheckThrowOnFailure();

    // The obvious patch: nulls for what goes, values for what comes or changes.
    private static JsonObject Difference(JsonObject from, JsonObject to)
    {
        var patch = new JsonObject();
        foreach (var (name, _) in from) if (!to.ContainsKey(name)) patch[name] = null;
        foreach (var (name, value) in to)
        {
            if (from[name] is JsonObject old && value is JsonObject next) patch[name] = Difference(old, next);
            else if (!JsonNode.DeepEquals(from[name], value)) patch[name] = value?.DeepClone();
        }
        return patch;
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\nactual   {actual?.ToJsonString() ?? "null"}");
}
