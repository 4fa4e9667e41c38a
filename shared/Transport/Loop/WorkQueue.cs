namespace Ambient.Transport;

/// <summary>One thing to do: an action and what to give it. Three words, so that queues of them allocate nothing.</summary>
internal readonly record struct WorkItem(Action<object?, object?> Invoke, object? First, object? Second)
{
    private static readonly Action<object?, object?> RunAction = static (work, _) => ((Action)work!)();
    private static readonly Action<object?, object?> RunContinuation = static (work, state) => ((Action<object?>)work!)(state);
    private static readonly Action<object?, object?> RunPosted = static (work, state) => ((SendOrPostCallback)work!)(state);

    internal void Run() => Invoke(First, Second);

    internal static WorkItem Of(Action work) => new(RunAction, work, null);

    internal static WorkItem Of(Action<object?> work, object? state) => new(RunContinuation, work, state);

    internal static WorkItem Of(SendOrPostCallback work, object? state) => new(RunPosted, work, state);

    internal static WorkItem Of<T>(Action<T> work, T state) => new(Typed<T>.Run, work, state);

    private static class Typed<T>
    {
        internal static readonly Action<object?, object?> Run = static (work, state) => ((Action<T>)work!)((T)state!);
    }
}

/// <summary>A first-in first-out queue for one thread; a ring that grows and shrinks back when it is empty.</summary>
internal sealed class WorkQueue
{
    private const int InitialCapacity = 64, KeptCapacity = 1024;

    private WorkItem[] _items = new WorkItem[InitialCapacity];
    private int _head;

    internal int Count { get; private set; }

    internal void Enqueue(in WorkItem item)
    {
        if (Count == _items.Length)
            Resize(_items.Length * 2);
        _items[(_head + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    internal WorkItem Dequeue()
    {
        var item = _items[_head];
        _items[_head] = default;
        _head = (_head + 1) & (_items.Length - 1);
        if (--Count == 0 && _items.Length > KeptCapacity)
            Resize(InitialCapacity);
        return item;
    }

    private void Resize(int capacity)
    {
        var items = new WorkItem[capacity];
        for (var i = 0; i < Count; i++)
            items[i] = _items[(_head + i) & (_items.Length - 1)];
        _items = items;
        _head = 0;
    }
}
