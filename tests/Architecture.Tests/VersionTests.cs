using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Ambient.Architecture.Tests;

/// <summary>One version for everything that is released together.</summary>
public sealed partial class VersionTests
{
    private static readonly string Version =
        XDocument.Parse(Repository.Read("Directory.Build.props")).Descendants("Version").Single().Value;

    [Fact]
    public void The_chart_and_the_manifest_name_the_version_of_the_programs()
    {
        Assert.All(ChartVersion().Matches(Repository.Read("deploy/charts/ambient/Chart.yaml")), found => Assert.Equal(Version, found.Groups[1].Value));
        Assert.Equal(2, ChartVersion().Count(Repository.Read("deploy/charts/ambient/Chart.yaml")));
        Assert.Equal([Version], LabelledVersion().Matches(Repository.Read("deploy/manifests/ambient.yaml")).Select(found => found.Groups[1].Value).Distinct());
    }

    [Fact]
    public void No_project_has_a_version_of_its_own()
    {
        var offenders = Repository.Projects
            .Where(project => project.Xml.Descendants().Any(element => element.Name.LocalName.EndsWith("Version", StringComparison.Ordinal) && element.Name.LocalName != "LangVersion"))
            .Select(project => project.Path);

        Assert.Equal([], offenders);
    }

    [GeneratedRegex("""^(?:version|appVersion): "?([^"\n]*)"?$""", RegexOptions.Multiline)]
    private static partial Regex ChartVersion();

    [GeneratedRegex("""app\.kubernetes\.io/version: "([^"]*)"$""", RegexOptions.Multiline)]
    private static partial Regex LabelledVersion();
}
