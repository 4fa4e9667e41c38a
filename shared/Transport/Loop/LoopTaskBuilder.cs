using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Ambient.Transport;

/// <summary>Builds async methods that run on one loop: their state is kept for the next call, as many as wait at once.</summary>
/// <remarks>
/// <c>[AsyncMethodBuilder(typeof(LoopTaskBuilder&lt;&gt;))]</c> on a method that returns <see cref="ValueTask{T}"/>. The runtime's pooling builder
/// keeps one state for each method and thread, so it allocates as soon as two calls wait; a loop has hundreds. The caller awaits the result
/// once, on the same thread. The execution context does not flow: nothing on a loop uses <see cref="AsyncLocal{T}"/>.
/// </remarks>
[SuppressMessage("Performance", "CA1815", Justification = "Made by the compiler, compared by nobody.")]
[SuppressMessage("Design", "CA1000", Justification = "The shape that the compiler asks for.")]
public struct LoopTaskBuilder<T>
{
    private LoopTaskState<T>? _state; // null until the method waits for the first time
    private Exception? _failure;
    private T _result;

    public static LoopTaskBuilder<T> Create() => default;

    [SuppressMessage("Reliability", "CA2012", Justification = "The caller awaits it.")]
    public readonly ValueTask<T> Task => _state is { } state ? new(state, state.Version)
        : _failure is { } failure ? ValueTask.FromException<T>(failure) : new(_result);

    [SuppressMessage("Reliability", "CA2012", Justification = "The caller awaits it.")]
    internal readonly ValueTask PlainTask => _state is { } state ? new(state, state.Version)
        : _failure is { } failure ? ValueTask.FromException(failure) : default;

    public readonly void Start<TMachine>(ref TMachine machine) where TMachine : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine)
    {
    }

    public void SetResult(T result)
    {
        if (_state is { } state) state.Succeed(result);
        else _result = result;
    }

    public void SetException(Exception failure)
    {
        if (_state is { } state) state.Fail(failure);
        else _failure = failure;
    }

    public void AwaitOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : INotifyCompletion where TMachine : IAsyncStateMachine => awaiter.OnCompleted(StateOf(ref machine).Resume);

    public void AwaitUnsafeOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : ICriticalNotifyCompletion where TMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(StateOf(ref machine).Resume);

    // The builder lies in the machine, which is copied: it has to know the state before.
    private LoopTaskState<T> StateOf<TMachine>(ref TMachine machine) where TMachine : IAsyncStateMachine
    {
        if (_state is not null) return _state;
        var state = LoopTaskState<T, TMachine>.Take();
        _state = state;
        state.Machine = machine;
        return state;
    }
}

/// <summary>The same for methods that return <see cref="ValueTask"/>.</summary>
[SuppressMessage("Performance", "CA1815", Justification = "Made by the compiler, compared by nobody.")]
public struct LoopTaskBuilder
{
    private LoopTaskBuilder<bool> _builder;

    public static LoopTaskBuilder Create() => default;

    [SuppressMessage("Reliability", "CA2012", Justification = "The caller awaits it.")]
    public readonly ValueTask Task => _builder.PlainTask;

    public readonly void Start<TMachine>(ref TMachine machine) where TMachine : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine)
    {
    }

    public void SetResult() => _builder.SetResult(true);

    public void SetException(Exception failure) => _builder.SetException(failure);

    public void AwaitOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : INotifyCompletion where TMachine : IAsyncStateMachine => _builder.AwaitOnCompleted(ref awaiter, ref machine);

    public void AwaitUnsafeOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : ICriticalNotifyCompletion where TMachine : IAsyncStateMachine => _builder.AwaitUnsafeOnCompleted(ref awaiter, ref machine);
}
