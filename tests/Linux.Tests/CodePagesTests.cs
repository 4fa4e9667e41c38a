namespace Ambient.Linux.Tests;

public class CodePagesTests
{
    [Fact]
    public void Code_that_is_let_go_comes_back_when_it_runs()
    {
        var before = Answers();

        var released = CodePages.Release();

        Assert.True(released > 100_000, $"only {released} bytes were let go");
        Assert.Equal(before, Answers());
    }

    // Runs through the runtime, the C library and this assembly.
    private static string Answers() => string.Join(',', File.ReadAllText("/proc/self/comm").Trim(), Guid.Empty, Math.Sqrt(2), nameof(CodePages));
}
