using System.Reflection;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Lab;

public sealed class VersionTests
{
    [Theory]
    [InlineData("ztunnel")]
    [InlineData("ambient-agent")]
    [InlineData("waypoint")]
    [InlineData("control-plane")]
    public async Task Every_program_says_the_version_that_all_of_them_were_built_as(string name)
    {
        var program = name switch
        {
            "ztunnel" => NodePrograms.Ztunnel,
            "ambient-agent" => NodePrograms.Agent,
            "waypoint" => NodePrograms.Waypoint,
            _ => NodePrograms.ControlPlane,
        };
        var version = typeof(VersionTests).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

        Assert.Equal(version, (await Command.RunAsync(program, "version")).OutputOrThrow().Trim());
    }
}
