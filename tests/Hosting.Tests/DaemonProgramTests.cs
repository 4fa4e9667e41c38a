using Xunit;

namespace Ambient.Hosting.Tests;

public class DaemonProgramTests
{
    private static readonly DaemonProgram Program = new("daemon", "proxy", "serve nobody");

    [Theory]
    [InlineData(0, true, "proxy")]
    [InlineData(0, true)]
    [InlineData(0, false, "version")]
    [InlineData(0, false, "help")]
    [InlineData(1, false, "prox")]
    public async Task It_serves_unless_it_is_asked_for_something_else(int exit, bool serves, params string[] args)
    {
        var served = false;

        Assert.Equal(exit, await Program.RunAsync(args, _ =>
        {
            served = true;
            return Task.CompletedTask;
        }));
        Assert.Equal(serves, served);
    }

    [Fact]
    public async Task What_ends_it_is_its_exit_code() =>
        Assert.Equal(1, await Program.RunAsync([], static _ => throw new InvalidOperationException("there is no network")));
}
