using System.Text;
using System.Text.Json.Nodes;
using Ambient.CniAgent.Install;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.CniAgent.Tests.Install;

public sealed class ConflistEditorTests
{
    private static readonly PluginEntry Entry = new("/var/run/istio-cni", "istio-system", "istio-system", ["kube-system"]);

    private const string List = """
        {"cniVersion":"1.0.0","name":"net","x-mine":{"a":[1,2]},"plugins":[{"type":"bridge","ipam":{"type":"host-local"}},{"type":"portmap"}]}
        """;

    [Fact]
    public void The_entry_comes_last_and_everything_else_stays()
    {
        var edited = JsonNode.Parse(ConflistEditor.WithPlugin(Bytes(List), Entry))!;

        Assert.Equal(["bridge", "portmap", "ambient-cni"], Types(edited));
        Assert.Equal("""{"type":"ambient-cni","cni_agent_run_dir":"/var/run/istio-cni","pod_namespace":"istio-system","system_namespace":"istio-system","exclude_namespaces":["kube-system"]}""",
            edited["plugins"]![2]!.ToJsonString());
        edited["plugins"]!.AsArray().RemoveAt(2);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(List), edited));
    }

    [Fact]
    public void What_is_in_place_is_not_written_again()
    {
        var edited = ConflistEditor.WithPlugin(Bytes(List), Entry)!;

        Assert.Null(ConflistEditor.WithPlugin(edited, Entry));
        Assert.NotNull(ConflistEditor.WithPlugin(edited, Entry with { SystemNamespace = "mesh" }));
        Assert.True(ConflistEditor.HasPlugin(edited));
    }

    [Theory]
    [InlineData("""{"plugins":[{"type":"ambient-cni"},{"type":"bridge"}]}""")] // not last
    [InlineData("""{"plugins":[{"type":"bridge"},{"type":"ambient-cni"},{"type":"ambient-cni"}]}""")] // twice
    public void An_entry_in_the_wrong_place_is_moved(string json) =>
        Assert.Equal(["bridge", "ambient-cni"], Types(JsonNode.Parse(ConflistEditor.WithPlugin(Bytes(json), Entry))!));

    [Fact]
    public void A_single_plugins_configuration_becomes_a_list()
    {
        var edited = JsonNode.Parse(ConflistEditor.WithPlugin(Bytes("""{"cniVersion":"0.4.0","name":"mine","type":"bridge"}"""), Entry))!;

        Assert.Equal(("0.4.0", "mine"), ((string?)edited["cniVersion"], (string?)edited["name"]));
        Assert.Equal(["bridge", "ambient-cni"], Types(edited));
    }

    [Fact]
    public void Removal_gives_back_what_was_there()
    {
        var edited = ConflistEditor.WithPlugin(Bytes(List), Entry)!;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(List), JsonNode.Parse(ConflistEditor.WithoutPlugin(edited))));
        Assert.Null(ConflistEditor.WithoutPlugin(Bytes(List)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"plugins":[]}""")]
    [InlineData("""{"plugins":[{"name":"x"}]}""")]
    [InlineData("""{"plugins":[null]}""")]
    [InlineData("""{"plugins":{}}""")]
    [InlineData("""{"type":1,"type":2}""")]
    public void What_no_runtime_could_use_is_not_touched(string json)
    {
        Assert.False(ConflistEditor.IsUsable(Bytes(json), isList: true));
        Assert.False(ConflistEditor.IsUsable(Bytes(json), isList: false));
    }

    [Fact]
    public void No_bytes_break_the_editor() => Prop.ForAll(
        Gen.Choose(0, List.Length - 1).ToArbitrary(), Gen.Choose(0, 255).ToArbitrary(), static (at, value) =>
        {
            var bytes = Bytes(List);
            bytes[at] = (byte)value;
            try
            {
                return !ConflistEditor.IsUsable(bytes, isList: true) || ConflistEditor.HasPlugin(ConflistEditor.WithPlugin(bytes, Entry));
            }
            catch (FormatException)
            {
                return false; // usable, and then not
            }
        }).QuickCheckThrowOnFailure();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static IEnumerable<string?> Types(JsonNode list) => list["plugins"]!.AsArray().Select(static plugin => (string?)plugin!["type"]);
}
