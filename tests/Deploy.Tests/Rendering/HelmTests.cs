using Ambient.Deploy.Charts;

namespace Ambient.Deploy.Tests.Rendering;

/// <summary>Our renderer against Helm's own engine: the same text of the same chart.</summary>
public sealed class HelmTests(HelmOracle oracle) : IClassFixture<HelmOracle>
{
    private const string Needs = "needs the Debian packages golang-go, golang-github-masterminds-sprig-dev and golang-github-ghodss-yaml-dev";

    [Theory]
    [InlineData]
    [InlineData("createNamespace=true")]
    [InlineData("controlPlane.replicas=1", "createNamespace=true", "network=n1")]
    [InlineData("image.pullSecrets=[{name: mine}, {name: yours}]", "image.tag=9.9-rc.1", "image.repository=somewhere/ambient")]
    [InlineData("ztunnel.env={RUST_BACKTRACE: 1, NAME: \"it's \\\"so\\\"\"}", "controlPlane.env={A: true}", "nodeAgent.env={B: x}", "log.format=json")]
    [InlineData("nodeAgent.excludedNamespaces=[a, b, c]", "ztunnel.resources={limits: {memory: 1Gi}, requests: {cpu: 2, memory: \"64Mi\"}}")]
    [InlineData("revocationLists=true")]
    [InlineData("nodeAgent.paths.networkNamespaces=/var/run/docker/netns", "nodeAgent.excludedNamespaces=[]", "controlPlane.resources={}")]
    public async Task The_chart_renders_as_Helm_renders_it(params string[] settings)
    {
        Assert.SkipUnless(HelmOracle.IsAvailable, Needs);

        var expected = (await oracle.RenderAsync(Checkout.ChartFolder, settings)).OutputOrThrow();
        var ours = new Chart(Checkout.ChartFolder).Render("release", "there", settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1])));

        Assert.Equal(HelmOracle.Objects(expected), HelmOracle.Objects(ours));
    }

    [Fact]
    public async Task Every_row_of_the_template_tests_is_what_Helm_makes_of_it()
    {
        Assert.SkipUnless(HelmOracle.IsAvailable, Needs);
        var rows = TemplateTests.Rows.Select((row, i) => ($"row{i:00}.yaml", $"kind: Test\n{row.Data.Item1}")).ToArray();
        using var chart = new ScratchChart(TemplateTests.Values, rows);

        var made = (await oracle.RenderAsync(chart.Directory)).OutputOrThrow();

        Assert.Equal(HelmOracle.Objects(chart.Render()), HelmOracle.Objects(made));
    }

    [Theory]
    [InlineData("a: {{ .Values.text.more }}")]
    [InlineData("a: {{ nonsense .Values.text }}")]
    [InlineData("{{ if eq .Values.number 3 }}x{{ end }}")]
    [InlineData("{{ if .Values.text }}")]
    [InlineData("\n{{ end }}")]
    [InlineData("{{ include \"nobody\" . }}")]
    public async Task What_we_refuse_Helm_refuses_too(string template)
    {
        Assert.SkipUnless(HelmOracle.IsAvailable, Needs);
        using var chart = new ScratchChart(TemplateTests.Values, ("one.yaml", template));

        Assert.NotEqual(0, (await oracle.RenderAsync(chart.Directory)).ExitCode);
        Assert.Throws<RenderException>(() => chart.Render());
    }
}
