using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Http2.Tests.Wire;

/// <summary>Frames of a client in random order: right for a while, and wrong now and then.</summary>
internal sealed class Traffic(int seed)
{
    private readonly Random _random = new(seed);
    private readonly FrameBuilder _frames = new FrameBuilder().Preface().Settings((4, 70000));
    private readonly List<uint> _open = [];
    private uint _next = 1;
    private bool _mayUseTable = true;
    private bool _tableHasField;

    public static Arbitrary<(byte[] Bytes, int[] Cuts)> OfClient { get; } = Arb.From(
        from seed in Gen.Choose(0, int.MaxValue)
        from steps in Gen.Choose(1, 60)
        from cuts in Gen.NonEmptyListOf(Gen.Choose(0, 40))
        select (new Traffic(seed).Build(steps), cuts.ToArray()));

    private byte[] Build(int steps)
    {
        for (var i = 0; i < steps; i++)
            if (_random.Next(60) == 0) AddWrong();
            else if (_open.Count < 2 || _random.Next(4) == 0) AddRequest();
            else if (_random.Next(4) == 0) AddControl();
            else AddToStream();
        return _frames.ToArray();
    }

    private void AddRequest()
    {
        var id = _next;
        _next += 2;
        switch (_random.Next(6))
        {
            case 0: _frames.Get(id); return;
            case 1: _frames.Post(id, $"content-length: {_random.Next(30)}"); break;
            case 2: _frames.Post(id); break;
            case 3 when _tableHasField && _mayUseTable: _frames.Frame(1, 5, id, [.. FrameBuilder.Block(FrameBuilder.GetFields), 0xbe]); return;
            case 4: AddInPieces(id); break;
            default: _frames.Connect(id); break;
        }
        _open.Add(id);
    }

    // A block in three frames, the first with padding, with a field for the table.
    private void AddInPieces(uint id)
    {
        var block = FrameBuilder.Block(":method: CONNECT", ":authority: a:1", "traceparent: 00-11");
        _frames.Frame(1, 8, id, [2, .. block.AsSpan(0, 5), 0, 0]).Frame(9, 0, id, block.AsSpan(5, 1))
            .Frame(9, 4, id, [.. block.AsSpan(6), (byte)(_mayUseTable ? 0x40 : 0), 1, (byte)'k', 1, (byte)_random.Next('a', 'z')]);
        _tableHasField = true;
    }

    private void AddControl()
    {
        switch (_random.Next(8))
        {
            case 0: _frames.Ping((ulong)_random.Next(), _random.Next(2) == 0); break;
            case 1: _frames.Settings((4, _random.Next(3) == 0 ? 0 : _random.Next(100_000)), (3, _random.Next(5))); break;
            case 2: _frames.WindowUpdate(0, (uint)_random.Next(1, 5000)); break;
            case 3: _frames.Frame(2, 0, _next, new byte[5]); break;
            case 4: _frames.Frame(0x20, (byte)_random.Next(256), _next, new byte[_random.Next(50)]); break;
            case 5: _frames.Frame(0x10, 0, 0, new byte[8]); break;
            case 6 when _random.Next(5) == 0: _frames.GoAway(0, 0, new string('d', _random.Next(40))); break;
            case 7:
                _frames.SettingsAck();
                _mayUseTable = false;
                break;
        }
    }

    private void AddToStream()
    {
        var id = _open[_random.Next(_open.Count)];
        switch (_random.Next(10))
        {
            case 0: _frames.Frame(0, 8, id, [(byte)_random.Next(3), .. new byte[_random.Next(2, 30)]]); break;
            case 1: _frames.WindowUpdate(id, (uint)_random.Next(1, 5000)); break;
            case 2:
                _frames.Reset(id);
                _open.Remove(id);
                break;
            case 3:
                _frames.Data(id, _random.Next(20), endStream: true);
                _open.Remove(id);
                break;
            case 4 when _random.Next(2) == 0:
                _frames.Headers(id, 5, "trailer: x");
                _open.Remove(id);
                break;
            default: _frames.Data(id, _random.Next(60)); break;
        }
    }

    private void AddWrong()
    {
        var id = (uint)_random.Next(0, (int)_next + 3);
        switch (_random.Next(7))
        {
            case 0: _frames.Frame((byte)_random.Next(11), (byte)_random.Next(256), id, new byte[_random.Next(12)]); break;
            case 1: _frames.Data(id, 7); break;
            case 2: _frames.Reset(id); break;
            case 3: _frames.WindowUpdate(id, 0); break;
            case 4: _frames.Headers(id, 4, "a: b"); break;
            case 5: _frames.Settings((_random.Next(10), _random.Next(20000))); break;
            default: _frames.Raw([(byte)_random.Next(256)]); break;
        }
    }
}
