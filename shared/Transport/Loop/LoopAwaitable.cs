using System.Runtime.CompilerServices;

namespace Ambient.Transport;

/// <summary>What <see cref="EventLoop.SwitchTo"/>, <see cref="EventLoop.Yield"/> and <see cref="EventLoop.YieldBulk"/> return: await it at once, do not keep it.</summary>
public readonly struct LoopAwaitable : ICriticalNotifyCompletion
{
    private readonly EventLoop _loop;
    private readonly Kind _kind;

    internal LoopAwaitable(EventLoop loop, Kind kind) => (_loop, _kind) = (loop, kind);

    internal enum Kind : byte
    {
        Switch,
        Yield,
        Bulk,
    }

    public LoopAwaitable GetAwaiter() => this;

    public bool IsCompleted => _kind == Kind.Switch && _loop.IsCurrent;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (_kind == Kind.Yield) _loop.Defer(WorkItem.Of(continuation));
        else if (_kind == Kind.Bulk) _loop.DeferBulk(WorkItem.Of(continuation));
        else _loop.Post(continuation);
    }
}
