namespace Ambient.ControlPlane.Authority;

/// <summary>Who goes first when signatures queue.</summary>
internal enum SigningLane
{
    /// <summary>A connection waits for it.</summary>
    OnDemand,

    /// <summary>Fetched ahead, or by a caller that does not say.</summary>
    Normal,

    /// <summary>Renewals.</summary>
    Background,
}

/// <summary>
/// Lets only so many requests sign at once, and the others wait: by lane, and within a lane each caller in turn, newcomers first, so that
/// one node with a thousand pods, or a thousand nodes with many, delay another's single one by a single signature.
/// </summary>
/// <remarks>
/// Thread-safe. The lower lanes still get a share: one slot in <see cref="Share"/>. What has arrived and is not read yet goes before signatures
/// for which no connection waits: an urgent request is known as such only when it has been read, and would wait behind thousands of others until then.
/// </remarks>
/// <param name="arriving">Work of the process that waits to be begun; by default the thread pool's.</param>
internal sealed class SigningLanes(int slots, int maxWaiting, int maxWaitingPerCaller, Func<long>? arriving = null)
{
    /// <summary>How often a slot lets pass what has arrived: then it is used, or a process that never rests would not sign at all.</summary>
    public const int MostPasses = 50;

    /// <summary>After this many of one lane in a row, one of a lower lane.</summary>
    public const int Share = 16;

    private readonly Func<long> _arriving = arriving ?? (static () => ThreadPool.PendingWorkItemCount);
    private readonly Lock _lock = new();
    private readonly FairQueue[] _lanes = [new(), new(), new()];
    private readonly int[] _inARow = new int[3];
    private readonly Dictionary<string, int> _waitingOf = new(StringComparer.Ordinal);
    private readonly int _slots = slots;
    private int _free = slots, _waiting;

    public int Waiting { get { lock (_lock) return _waiting; } }

    /// <summary>Waits for a slot; give it back by disposing.</summary>
    /// <param name="caller">Whose turn it uses up.</param>
    /// <exception cref="TooManyWaitingException">The queue, or this caller's part of it, is full.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired; nothing is held.</exception>
    public ValueTask<Slot> EnterAsync(string caller, SigningLane lane, CancellationToken stop)
    {
        lock (_lock)
        {
            stop.ThrowIfCancellationRequested();
            var waiter = new Waiter(caller, lane);
            var isFree = _free > 0;
            if (isFree && (lane == SigningLane.OnDemand ? _lanes[(int)lane].IsEmpty : _waiting == 0 && !IsBusy))
            {
                _free--;
                return new(new Slot(this));
            }
            Count(waiter);
            _lanes[(int)lane].Add(waiter);
            if (!isFree) return WaitAsync(waiter, stop);
            _free--;
            Pass(0);
            return WaitAsync(waiter, stop);
        }
    }

    // Those who let others pass as well are not waited for.
    private bool IsBusy => _arriving() > _slots;

    private async ValueTask<Slot> WaitAsync(Waiter waiter, CancellationToken stop)
    {
        await using (stop.UnsafeRegister(static (state, token) =>
        {
            var (lanes, waiter) = ((SigningLanes, Waiter))state!;
            lanes.Leave(waiter, token);
        }, (this, waiter)))
            return await waiter.Turn.Task;
    }

    private void Leave(Waiter waiter, CancellationToken token)
    {
        lock (_lock)
        {
            if (!_lanes[(int)waiter.Lane].Remove(waiter))
                return; // its turn has come: it takes the slot and gives it back
            Uncount(waiter);
        }
        waiter.Turn.TrySetCanceled(token);
    }

    private void Release(int passes)
    {
        if (passes < MostPasses && MayPass && IsBusy) Pass(passes + 1);
        else HandOver();
    }

    // Somebody waits, and nobody for a connection.
    private bool MayPass { get { lock (_lock) return _waiting > 0 && _lanes[(int)SigningLane.OnDemand].IsEmpty; } }

    private void Pass(int passes) => ThreadPool.UnsafeQueueUserWorkItem(static state => state.Lanes.Release(state.Passes), (Lanes: this, Passes: passes), preferLocal: false);

    private void HandOver()
    {
        Waiter? next;
        lock (_lock)
        {
            next = Take();
            if (next is null)
                _free++;
            else
                Uncount(next);
        }
        next?.Turn.TrySetResult(new Slot(this));
    }

    private Waiter? Take()
    {
        for (var lane = 0; lane < _lanes.Length; lane++)
        {
            if (_lanes[lane].IsEmpty)
                continue;
            if (_inARow[lane] >= Share && LowerLaneWaits(lane))
            {
                _inARow[lane] = 0;
                continue;
            }
            _inARow[lane]++;
            return _lanes[lane].Take();
        }
        return null;
    }

    private bool LowerLaneWaits(int lane)
    {
        for (var lower = lane + 1; lower < _lanes.Length; lower++)
            if (!_lanes[lower].IsEmpty)
                return true;
        return false;
    }

    private void Count(Waiter waiter)
    {
        var mine = _waitingOf.GetValueOrDefault(waiter.Caller);
        if (_waiting >= maxWaiting)
            throw new TooManyWaitingException($"{_waiting} requests wait for a signature, which is all that may; try again later.");
        if (mine >= maxWaitingPerCaller)
            throw new TooManyWaitingException($"{mine} requests of this caller wait for a signature, which is all that may; ask for fewer at once.");
        _waitingOf[waiter.Caller] = mine + 1;
        _waiting++;
    }

    private void Uncount(Waiter waiter)
    {
        _waiting--;
        if (--_waitingOf[waiter.Caller] == 0)
            _waitingOf.Remove(waiter.Caller);
    }

    /// <summary>The right to sign one certificate.</summary>
    public struct Slot(SigningLanes? lanes) : IDisposable
    {
        private SigningLanes? _lanes = lanes;

        public void Dispose()
        {
            _lanes?.Release(0);
            _lanes = null;
        }
    }

    internal sealed class Waiter(string caller, SigningLane lane)
    {
        public string Caller { get; } = caller;
        public SigningLane Lane { get; } = lane;
        public TaskCompletionSource<Slot> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public LinkedListNode<Waiter>? Place { get; set; }
    }
}

/// <summary>Too much is asked for at once; the message says whether by this caller or by all.</summary>
internal sealed class TooManyWaitingException(string message) : Exception(message);
