namespace Ambient.Hbone.Tests.Tunnels;

public class TunnelTests
{
    [Fact]
    public async Task Bytes_cross_and_the_end_is_seen_in_both_directions()
    {
        await using var lab = await TunnelLab.StartAsync();

        var echoed = await lab.WithStreamAsync(async stream =>
        {
            await stream.WriteAsync("hello"u8.ToArray());
            stream.FinishSending();
            return await stream.ReadAsync(100);
        });

        Assert.Equal("hello"u8.ToArray(), echoed);
        Assert.Equal(1, lab.Accepted);
        Assert.Empty(lab.Refusals);
    }

    [Fact]
    public async Task A_large_transfer_arrives_intact()
    {
        await using var lab = await TunnelLab.StartAsync();
        var sent = new byte[20_000_000];
        new Random(1).NextBytes(sent);

        var received = await lab.WithStreamAsync(async stream =>
        {
            var writing = stream.WriteAsync(sent);
            var echoed = await stream.ReadAsync(sent.Length);
            await writing;
            return echoed;
        });

        Assert.True(sent.AsSpan().SequenceEqual(received));
    }
}
