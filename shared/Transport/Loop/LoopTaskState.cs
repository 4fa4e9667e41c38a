using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Ambient.Transport;

/// <summary>What a method that waits has left to do, and its result; see <see cref="LoopTaskBuilder{T}"/>.</summary>
internal abstract class LoopTaskState<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core;

    protected LoopTaskState() => Resume = MoveNext;

    public Action Resume { get; }

    public short Version => _core.Version;

    public void Succeed(T result) => _core.SetResult(result);

    public void Fail(Exception failure) => _core.SetException(failure);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    public T GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Recycle();
        }
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    protected abstract void MoveNext();

    /// <summary>The result was taken: another call may have it.</summary>
    protected abstract void Recycle();
}

/// <summary>The state of one method's calls.</summary>
internal sealed class LoopTaskState<T, TMachine> : LoopTaskState<T> where TMachine : IAsyncStateMachine
{
    private const int MostSpare = 1024; // a peak is not kept for ever

    [ThreadStatic] private static LoopTaskState<T, TMachine>? _spare;
    [ThreadStatic] private static int _spares;

    private LoopTaskState<T, TMachine>? _next;

    public TMachine Machine = default!;

    public static LoopTaskState<T, TMachine> Take()
    {
        if (_spare is not { } state) return new();
        (_spare, state._next) = (state._next, null);
        _spares--;
        return state;
    }

    protected override void MoveNext() => Machine.MoveNext();

    protected override void Recycle()
    {
        Machine = default!;
        if (_spares >= MostSpare) return;
        (_next, _spare) = (_spare, this);
        _spares++;
    }
}
