using System.Runtime.CompilerServices;

namespace Ambient.Transport;

/// <summary>What <see cref="EventLoop.SwitchTo"/> and <see cref="EventLoop.Yield"/> return: await it at once, do not keep it.</summary>
public readonly struct LoopAwaitable : ICriticalNotifyCompletion
{
    private readonly EventLoop _loop;
    private readonly bool _yields;

    internal LoopAwaitable(EventLoop loop, bool yields)
    {
        _loop = loop;
        _yields = yields;
    }

    public LoopAwaitable GetAwaiter() => this;

    public bool IsCompleted => !_yields && _loop.IsCurrent;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (_yields)
            _loop.Defer(WorkItem.Of(continuation));
        else
            _loop.Post(continuation);
    }
}
