using Ambient.Xds.Client;

namespace Ambient.Xds.Tests.Client;

public sealed class ReconnectDelayTests
{
    private static readonly TimeSpan Briefly = TimeSpan.FromSeconds(1);

    [Fact]
    public void Failures_double_the_wait_up_to_fifteen_seconds_give_or_take_half()
    {
        var delay = new ReconnectDelay(new Random(1));

        for (var expected = 0.02; expected < 15; expected *= 2) AssertAbout(expected, delay.After(StreamEnd.ConnectionError, Briefly));
        for (var i = 0; i < 100; i++) Assert.InRange(delay.After(StreamEnd.Error, Briefly).TotalSeconds, 7.5, 15);
    }

    [Fact]
    public void What_is_part_of_life_begins_at_ten_milliseconds_again_and_a_clean_end_waits_not_at_all()
    {
        var delay = new ReconnectDelay(new Random(1));
        for (var i = 0; i < 20; i++) delay.After(StreamEnd.Error, Briefly);

        AssertAbout(0.01, delay.After(StreamEnd.Reconnect, Briefly));
        AssertAbout(0.02, delay.After(StreamEnd.ConnectionError, Briefly));
        Assert.Equal(TimeSpan.Zero, delay.After(StreamEnd.Complete, Briefly));
        AssertAbout(0.02, delay.After(StreamEnd.ConnectionError, Briefly));
    }

    [Fact]
    public void A_stream_that_held_longer_than_any_wait_ends_the_failures_before_it()
    {
        var delay = new ReconnectDelay(new Random(1));
        for (var i = 0; i < 20; i++) delay.After(StreamEnd.Error, TimeSpan.FromSeconds(15));

        AssertAbout(0.02, delay.After(StreamEnd.Error, TimeSpan.FromSeconds(16)));
        AssertAbout(0.04, delay.After(StreamEnd.Error, Briefly));
    }

    [Fact]
    public void Many_clients_do_not_come_back_together() =>
        Assert.True(Enumerable.Range(0, 100).Select(static seed => new ReconnectDelay(new Random(seed)).After(StreamEnd.ConnectionError, Briefly)).Distinct().Count() > 90);

    private static void AssertAbout(double seconds, TimeSpan actual) => Assert.InRange(actual.TotalSeconds, seconds / 2, seconds * 1.5);
}
