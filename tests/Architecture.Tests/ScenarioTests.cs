using System.Text.RegularExpressions;
using Xunit;

namespace Ambient.Architecture.Tests;

/// <summary>What <c>tests/SCENARIOS.md</c> says where a scenario is shown.</summary>
public sealed partial class ScenarioTests
{
    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var named = Named().Matches(Repository.Read("tests/SCENARIOS.md")).Select(match => (match.Value, Project: match.Groups[1].Value, Class: match.Groups[2].Value, Method: match.Groups[3].Value)).ToList();

        Assert.NotEmpty(named);
        Assert.Equal([], named.Where(test => !Exists(test.Project, test.Class, test.Method)).Select(test => test.Value));
    }

    private static bool Exists(string project, string @class, string method) => Repository.Files("*.cs")
        .Where(path => path.StartsWith($"tests/{project}/", StringComparison.Ordinal)).Select(Repository.Read)
        .Any(text => Regex.IsMatch(text, $@"\bclass {@class}\b") && (method.Length == 0 || text.Contains($" {method}(", StringComparison.Ordinal)));

    [GeneratedRegex(@"`(\w+\.Tests)/(\w+)(?:\.(\w+))?`")]
    private static partial Regex Named();
}
