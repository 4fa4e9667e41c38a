using Ambient.CniAgent.Redirection;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.CniAgent.Tests.Redirection;

public sealed class RedirectAnnotationsTests
{
    [Theory]
    [InlineData("1", true), InlineData("t", true), InlineData("TRUE", true), InlineData("True", true), InlineData("true", true)]
    [InlineData("0", false), InlineData("F", false), InlineData("False", false), InlineData("FALSE", false)]
    public void Booleans_are_read_as_Go_writes_them(string text, bool expected)
    {
        var settings = Read(new() { [RedirectAnnotations.CaptureDns] = text, [RedirectAnnotations.BypassInbound] = text }, out var warnings);

        Assert.Equal((expected, expected), (settings.CaptureDns, settings.BypassInbound));
        Assert.Empty(warnings);
    }

    [Theory, InlineData("yes"), InlineData(""), InlineData("tRuE"), InlineData(" true")]
    public void Anything_else_is_ignored_with_a_warning(string text)
    {
        var settings = Read(new() { [RedirectAnnotations.CaptureDns] = text }, out var warnings);

        Assert.True(settings.CaptureDns);
        Assert.Contains(RedirectAnnotations.CaptureDns, Assert.Single(warnings));
    }

    [Fact]
    public void Interface_names_are_trimmed_and_what_is_none_is_ignored()
    {
        var settings = Read(new() { [RedirectAnnotations.VirtualInterfaces] = " tap0, ,k6t-net1,tap0,a b,0123456789abcdef,x\"; drop" }, out var warnings);

        Assert.Equal(["tap0", "k6t-net1"], settings.VirtualInterfaces);
        Assert.Equal(3, warnings.Count);
    }

    [Fact]
    public void No_interface_name_breaks_out_of_its_rule() =>
        Prop.ForAll<string>(name =>
        {
            var settings = Read(new() { [RedirectAnnotations.VirtualInterfaces] = name ?? "" }, out _);
            var plain = RedirectRules.Script(settings with { VirtualInterfaces = [] }, NodeAddressSet.Empty, OlderConnections.None);
            var extra = RedirectRules.Script(settings, NodeAddressSet.Empty, OlderConnections.None).Split('\n').Except(plain.Split('\n')).ToList();
            return extra.Count == settings.VirtualInterfaces.Count && extra.All(line => line.EndsWith("redirect to :15001", StringComparison.Ordinal)
                && line.Count(c => c == '"') == 2);
        }).QuickCheckThrowOnFailure();

    private static RedirectSettings Read(Dictionary<string, string> annotations, out IReadOnlyList<string> warnings) =>
        RedirectAnnotations.Read(annotations, captureDnsByDefault: true, [], out warnings);
}
