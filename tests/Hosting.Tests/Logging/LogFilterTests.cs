using Ambient.Hosting.Logging;
using Ambient.TestKit;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ambient.Hosting.Tests.Logging;

public sealed class LogFilterTests
{
    [Theory]
    [InlineData("", "anything", LogLevel.Information)]
    [InlineData("debug", "anything", LogLevel.Debug)]
    [InlineData("warn,access=off", "access", LogLevel.None)]
    [InlineData("warn,access=off", "ztunnel::pods", LogLevel.Warning)]
    [InlineData("info, ztunnel = debug , ztunnel::pods=TRACE,", "ztunnel::pods::zds_client", LogLevel.Trace)]
    [InlineData("info,ztunnel::pods=trace,ztunnel=debug", "ztunnel::pods::zds_client", LogLevel.Trace)]
    [InlineData("info,ztunnel=debug,error", "ztunnel::dns", LogLevel.Debug)]
    [InlineData("info,ztunnel=debug,error", "transport", LogLevel.Error)]
    public void The_longest_directive_decides(string filter, string scope, LogLevel expected) =>
        Assert.Equal(expected, LogFilter.Parse(filter).LevelOf(scope));

    [Theory]
    [InlineData("loud", "loud")]
    [InlineData("info,ztunnel", "ztunnel")]
    [InlineData("a=b", "a=b")]
    [InlineData("=info", "=info")]
    [InlineData("a[span]=info", "a[span]=info")]
    public void What_is_wrong_is_named_with_what_is_allowed(string filter, string directive)
    {
        var error = Assert.Throws<FormatException>(() => LogFilter.Parse(filter));

        Assert.Contains($"'{directive}'", error.Message);
        Assert.Contains("error, warn, info, debug, trace, off", error.Message);
    }

    [Fact]
    public void A_filter_is_shown_as_it_can_be_given_again()
    {
        var filter = LogFilter.Parse("warn,access=off,ztunnel::pods=debug");

        Assert.Equal("warn,access=off,ztunnel::pods=debug", filter.ToString());
        Assert.Equal(filter.ToString(), LogFilter.Parse(filter.ToString()).ToString());
    }

    [Fact]
    public void Levels_change_while_loggers_are_in_use()
    {
        var levels = new LogLevels(LogFilter.Parse("info"));
        var scope = levels.ForScope("ztunnel::pods");
        Assert.False(scope.IsEnabled(LogLevel.Debug));

        levels.Append("ztunnel=debug");
        Assert.True(scope.IsEnabled(LogLevel.Debug));

        levels.Reset("warn");
        Assert.False(scope.IsEnabled(LogLevel.Information));
        Assert.True(scope.IsEnabled(LogLevel.Warning));

        Assert.Throws<FormatException>(() => levels.Append("nonsense=1"));
        Assert.True(scope.IsEnabled(LogLevel.Warning));
        Assert.False(scope.IsEnabled(LogLevel.None));
    }

    [Fact]
    public void Asking_for_a_level_allocates_nothing()
    {
        var scope = new LogLevels(LogFilter.Info).ForScope("a");

        Assert.Equal(0, Allocations.Of(() => scope.IsEnabled(LogLevel.Debug)));
    }

    [Theory]
    [InlineData("Ambient.Ztunnel.Pods.ZdsClient", "ztunnel::pods::zds_client")]
    [InlineData("Ambient.Transport.EventLoop", "transport::event_loop")]
    [InlineData("Microsoft.Extensions.X", "microsoft::extensions::x")]
    [InlineData("access", "access")]
    public void Scopes_are_types_names_in_lower_case(string category, string scope) => Assert.Equal(scope, LogScope.Of(category));
}
