using System.Buffers;
using System.Text.Json;
using Ambient.Waypoint.Admin;
using Ambient.Waypoint.Tests.Scenes;

namespace Ambient.Waypoint.Tests;

public sealed class ConfigDumpTests
{
    [Fact]
    public async Task A_large_dump_goes_out_in_pieces_and_ends_when_nobody_takes_them()
    {
        await using var scene = await WaypointScene.StartAsync();
        for (var i = 0; i < 200; i++) scene.Know($"v{i}", "localhost", 80, $"service-{i}");
        var dump = new ConfigDump(scene.Parts.Rules.Options, scene.Parts);
        var (output, longest, before) = (new ArrayBufferWriter<byte>(), 0, 0);

        await dump.WriteAsync(output, () =>
        {
            (longest, before) = (Math.Max(longest, output.WrittenCount - before), output.WrittenCount);
            return new(true);
        });
        var taken = new ArrayBufferWriter<byte>();
        await dump.WriteAsync(taken, () => new(taken.WrittenCount < 2000));

        using var document = JsonDocument.Parse(output.WrittenMemory);
        Assert.Equal(200, document.RootElement.GetProperty("services").GetArrayLength());
        Assert.InRange(longest, 1, output.WrittenCount / 50);
        Assert.InRange(taken.WrittenCount, 2000, 4000);
        Assert.True(dump.Respond().Body.IsEmpty); // nothing of it is there before somebody takes it
    }
}
