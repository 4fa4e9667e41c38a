using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.Options;

public sealed class SettingTextsTests
{
    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1h 30m", 5_400_000)]
    [InlineData("500ms", 500)]
    [InlineData("1.5s", 1500)]
    [InlineData("7", 7000)]
    [InlineData("0s", 0)]
    [InlineData("1d", 86_400_000)]
    public void Durations_are_read_as_people_write_them(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1x")]
    [InlineData("1s2")]
    [InlineData("1..5s")]
    [InlineData("99999999999999w")]
    public void Other_texts_are_no_durations(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void A_duration_that_is_shown_reads_back() => Prop.ForAll<NonNegativeInt>(value =>
        DurationText.TryParse(DurationText.Format(TimeSpan.FromMilliseconds(value.Get)), out var again)
        && again == TimeSpan.FromMilliseconds(value.Get)).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_a_duration_a_quantity_or_refused() => Prop.ForAll<string>(text =>
    {
        _ = DurationText.TryParse(text, out _);
        _ = CpuQuantity.TryParse(text ?? "", out var cpus);
        return cpus >= 0;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("2", 2)]
    [InlineData("500m", 1)]
    [InlineData("1001m", 2)]
    [InlineData("1.5", 2)]
    [InlineData("1e1", 10)]
    [InlineData("2k", 2000)]
    [InlineData("1Ki", 1024)]
    [InlineData("0", 0)]
    [InlineData("100u", 1)]
    public void Quantities_are_rounded_up_to_whole_cpus(string text, int cpus)
    {
        Assert.True(CpuQuantity.TryParse(text, out var parsed));
        Assert.Equal(cpus, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-1")]
    [InlineData("2 cores")]
    [InlineData("1e99")]
    [InlineData("1Ti")]
    public void Other_texts_are_no_quantities(string text) => Assert.False(CpuQuantity.TryParse(text, out _));
}
