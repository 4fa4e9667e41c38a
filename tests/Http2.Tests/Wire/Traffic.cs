using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Http2.Tests.Wire;

/// <summary>Frames of a client in random order: mostly right, some wrong, so that most runs go on for a while.</summary>
internal static class Traffic
{
    public static Arbitrary<(byte[] Bytes, int[] Cuts)> OfClient { get; } = Arb.From(
        from steps in Gen.ListOf(Gen.Choose(0, int.MaxValue))
        from cuts in Gen.NonEmptyListOf(Gen.Choose(0, 40))
        select (Build(steps), cuts.ToArray()));

    private static byte[] Build(IEnumerable<int> steps)
    {
        var frames = new FrameBuilder().Preface().Settings((4, 70000));
        var opened = 1u;
        foreach (var step in steps)
        {
            var random = new Random(step);
            Add(frames, random, ref opened);
        }
        return frames.ToArray();
    }

    private static void Add(FrameBuilder frames, Random random, ref uint opened)
    {
        var id = (uint)random.Next(1, (int)opened + 1) | 1;
        switch (random.Next(20))
        {
            case 0 or 1: frames.Connect(opened); opened += 2; break;
            case 2: frames.Get(opened); opened += 2; break;
            case 3: frames.Post(opened, $"content-length: {random.Next(30)}"); opened += 2; break;
            case 4 or 5 or 6 or 7: frames.Data(id, random.Next(60), random.Next(6) == 0); break;
            case 8: frames.Frame(0, 8, id, [(byte)random.Next(6), .. new byte[random.Next(4, 30)]]); break;
            case 9: frames.Reset(id); break;
            case 10: frames.WindowUpdate(random.Next(2) == 0 ? 0 : id, (uint)random.Next(0, 5000)); break;
            case 11: frames.Ping((ulong)random.Next(), random.Next(2) == 0); break;
            case 12: frames.Settings((4, random.Next(3) == 0 ? 0 : random.Next(100_000)), (random.Next(10), random.Next(20000))); break;
            case 13: frames.SettingsAck(); break;
            case 14: frames.Frame((byte)random.Next(2, 30), (byte)random.Next(256), id, new byte[random.Next(12)]); break;
            case 15: frames.Headers(id, 5, "trailer: x"); break;
            case 16: frames.GoAway(0, 0, new string('d', random.Next(40))); break;
            case 17: // a block in three frames, with a field for the table
                var block = FrameBuilder.Block(":method: CONNECT", ":authority: a:1", "traceparent: 00-11");
                frames.Frame(1, 0, opened, block.AsSpan(0, 5)).Frame(9, 0, opened, block.AsSpan(5, 1))
                    .Frame(9, 4, opened, [.. block.AsSpan(6), 0x40, 1, (byte)'k', 1, (byte)random.Next('a', 'z')]);
                opened += 2;
                break;
            case 18: frames.Frame(1, 5, opened, [.. FrameBuilder.Block(FrameBuilder.GetFields), 0xbe]); opened += 2; break;
            default: if (random.Next(10) == 0) frames.Raw([(byte)random.Next(256)]); break;
        }
    }
}
