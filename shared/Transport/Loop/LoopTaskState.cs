using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Ambient.Transport;

/// <summary>What a method that waits has left to do, and its result; see <see cref="LoopTaskBuilder{T}"/>.</summary>
/// <remarks>As the framework's <c>ManualResetValueTaskSourceCore</c>, without what one thread does not need: no interlocked exchange, no context.</remarks>
internal abstract class LoopTaskState<T> : IValueTaskSource<T>, IValueTaskSource
{
    private Action<object?>? _continuation;
    private object? _continuationState;
    private SynchronizationContext? _context;
    private Exception? _failure;
    private T _result = default!;
    private bool _isComplete;

    protected LoopTaskState() => Resume = MoveNext;

    public Action Resume { get; }

    public short Version { get; private set; }

    public void Succeed(T result)
    {
        _result = result;
        Complete();
    }

    public void Fail(Exception failure)
    {
        _failure = failure;
        Complete();
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        Check(token);
        return !_isComplete ? ValueTaskSourceStatus.Pending : _failure is null ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Check(token);
        if (_continuation is not null) throw new InvalidOperationException("A ValueTask is awaited once.");
        (_continuation, _continuationState) = (continuation, state);
        _context = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 ? SynchronizationContext.Current : null;
        if (_isComplete) Continue();
    }

    public T GetResult(short token)
    {
        Check(token);
        if (!_isComplete) throw new InvalidOperationException("The method has not ended; await it.");
        var (result, failure) = (_result, _failure);
        (_continuation, _continuationState, _context, _failure, _result, _isComplete) = (null, null, null, null, default!, false);
        Version++;
        Recycle();
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    protected abstract void MoveNext();

    /// <summary>The result was taken: another call may have it.</summary>
    protected abstract void Recycle();

    private void Complete()
    {
        _isComplete = true;
        if (_continuation is not null) Continue();
    }

    // Without a context: here and now, within who completes it.
    private void Continue()
    {
        if (_context is { } context) context.Post(static task => ((LoopTaskState<T>)task!).Run(), this);
        else Run();
    }

    private void Run() => _continuation!(_continuationState);

    private void Check(short token)
    {
        if (token != Version) throw new InvalidOperationException("This result was taken; a ValueTask is awaited once.");
    }
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
