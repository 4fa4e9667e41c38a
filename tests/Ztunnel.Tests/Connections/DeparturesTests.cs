using Ambient.Model.Connections;
using Ambient.TestKit;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Tests.Connections;

/// <summary>Connections from before their destination had a waypoint.</summary>
public sealed class DeparturesTests : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly ManualTime _time = new();
    private readonly LedgerScene _scene;
    private readonly RecordingOwner _owner = new();
    private ReasonCode _judgement = ReasonCode.WaypointRequired;

    public DeparturesTests() => _scene = new(filter: "off", time: _time);

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task One_that_was_answered_ends_once_it_rests_for_a_moment()
    {
        var connection = await LeavingAsync();
        Move(connection, sent: 100);
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCode.None, _owner.Ended); // a slow server

        Move(connection, received: 500);
        await PassAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(ReasonCode.None, _owner.Ended);
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(ReasonCode.WaypointRequired, _owner.Ended);
    }

    [Fact]
    public async Task One_that_never_rests_ends_between_two_requests_before_ten_seconds_are_over()
    {
        var connection = await LeavingAsync();
        var waits = false;
        for (var turn = 0; _owner.Ended == ReasonCode.None; turn++)
        {
            Assert.True(turn < 2100);
            waits = turn % 20 < 4; // 20 ms until the answer, 80 ms until the next request
            if (turn % 20 == 0) Move(connection, sent: 10);
            if (turn % 20 == 4) Move(connection, received: 10);
            await PassAsync(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(5));
        }

        Assert.False(waits);
    }

    [Fact]
    public async Task One_that_waits_for_its_server_ends_after_ten_seconds()
    {
        Move(await LeavingAsync(), sent: 10);
        await PassAsync(TimeSpan.FromSeconds(9.9));
        Assert.Equal(ReasonCode.None, _owner.Ended);
        await PassAsync(TimeSpan.FromSeconds(0.2));
        Assert.Equal(ReasonCode.WaypointRequired, _owner.Ended);
    }

    [Fact]
    public async Task One_that_may_stay_after_all_stays()
    {
        await LeavingAsync();
        await PassAsync(TimeSpan.FromSeconds(1));
        _judgement = ReasonCode.None;
        await RejudgeAsync();
        await PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ReasonCode.None, _owner.Ended);
    }

    private async Task<OpenConnection> LeavingAsync()
    {
        var connection = await _scene.OnAsync(0, ledger =>
        {
            _owner.Ledger = ledger;
            return _owner.Connection = ledger.Open(_scene.Inbound, new(), _owner);
        });
        Assert.Equal(0, await RejudgeAsync());
        return connection;
    }

    private Task<int> RejudgeAsync() => _scene.OnAsync(0, ledger => ledger.Rejudge(_ => _judgement));

    private static void Move(OpenConnection connection, int sent = 0, int received = 0)
    {
        connection.Bytes.Sent.Add(sent);
        connection.Bytes.Received.Add(received);
    }

    private async Task PassAsync(TimeSpan time, TimeSpan? step = null)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += step ?? Step)
        {
            _time.Advance(step ?? Step);
            for (var turns = 0; turns < 2; turns++) await _scene.OnAsync(0, static _ => 0); // timers fire at the turn of the loop
        }
    }
}
