using System.Text.Json;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Status;

public sealed class StatusWriterTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Before = new(2029, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _time = new();
    private readonly StatusTargetInMemory _target = new();
    private readonly StatusWriter _writer;
    private readonly CancellationTokenSource _stop = new();
    private Task _leading = Task.CompletedTask;

    public StatusWriterTests() => _writer = new(_target, _time, NullLogger<StatusWriter>.Instance);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _leading;
    }

    [Fact]
    public async Task What_is_wanted_is_applied_by_its_family_with_the_time_of_the_change()
    {
        _target.Objects[new("n", "p")] = [];
        Lead();

        _writer.Want(Set("p", Accepted("True")));
        await _target.WhenAppliedAsync(1);

        var (manager, json) = Assert.Single(_target.Applied);
        Assert.Equal(FieldManagers.ZtunnelPolicy, manager);
        Assert.Equal("""
            {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"p","namespace":"n"},
            "status":{"conditions":[{"type":"ZtunnelAccepted","status":"True","reason":"Accepted","message":"m","observedGeneration":3,
            "lastTransitionTime":"2030-01-02T03:04:05Z"}]}}
            """.ReplaceLineEndings(""), json.ToJsonString());
    }

    [Fact]
    public async Task What_is_said_already_is_not_written_again()
    {
        _target.Objects[new("n", "said")] = [Accepted("True") with { LastTransitionTime = Before }, Foreign];
        _target.Objects[new("n", "other")] = [];
        Lead();

        _writer.Want(Set("said", Accepted("True")));
        _writer.Want(Set("gone", Accepted("True")));
        _writer.Want(Set("other", Accepted("True")));
        await _target.WhenAppliedAsync(1);
        await StopAsync();

        Assert.Equal("other", Assert.Single(_target.Applied).Json["metadata"]!["name"]!.GetValue<string>());
        Assert.Equal(0, _writer.Waiting);
    }

    [Theory]
    [InlineData("True", "2029-01-01T00:00:00Z")]
    [InlineData("False", "2030-01-02T03:04:05Z")]
    public async Task The_time_of_the_transition_moves_only_when_the_status_changes(string status, string time)
    {
        _target.Objects[new("n", "p")] = [Accepted("True") with { Message = "old", LastTransitionTime = Before }];
        Lead();

        _writer.Want(Set("p", Accepted(status)));
        await _target.WhenAppliedAsync(1);

        Assert.Equal(time, _target.Applied[0].Json["status"]!["conditions"]![0]!["lastTransitionTime"]!.GetValue<string>());
    }

    [Fact]
    public async Task Conditions_that_are_not_wanted_any_more_are_taken_away_and_others_left_alone()
    {
        _target.Objects[new("n", "p")] = [Accepted("True"), Foreign];
        _target.Objects[new("n", "clean")] = [Foreign];
        Lead();

        _writer.Want(Set("clean"));
        _writer.Want(Set("p"));
        await _target.WhenAppliedAsync(1);

        Assert.Equal("""{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"p","namespace":"n"},"status":{}}""",
            Assert.Single(_target.Applied).Json.ToJsonString());
    }

    [Fact]
    public async Task Who_does_not_lead_remembers_the_latest_and_writes_it_when_it_does()
    {
        _target.Objects[new("n", "p")] = _target.Objects[new("n", "q")] = [];
        _writer.Want(Set("p", Accepted("True")));
        _writer.Want(Set("p", Accepted("False")));
        _writer.Want(Set("q", Accepted("True")));
        _writer.Forget(ResourceTypes.AuthorizationPolicy, new("n", "q"));
        Assert.Equal(1, _writer.Waiting);
        Assert.Empty(_target.Applied);

        Lead();
        await _target.WhenAppliedAsync(1);
        await StopAsync();

        Assert.Equal("False", Assert.Single(_target.Applied).Json["status"]!["conditions"]![0]!["status"]!.GetValue<string>());
    }

    [Fact]
    public void What_is_wanted_of_an_object_that_has_gone_is_not_kept()
    {
        _target.Objects[new("n", "p")] = [];
        _writer.Want(Set("p", Accepted("True")));
        _target.Objects.Clear();
        _writer.Forget(ResourceTypes.AuthorizationPolicy, new("n", "p"));

        _writer.Want(Set("p", Accepted("False"))); // the index hears of it later than the writer

        Assert.Equal(0, _writer.Waiting);
    }

    [Fact]
    public async Task Writes_of_one_object_never_overtake_each_other()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _target.Objects[new("n", "p")] = [];
        _target.Before = async wanted =>
        {
            if (wanted.Conditions[0].Status != "True") return;
            entered.TrySetResult();
            await release.Task;
        };
        Lead();
        _writer.Want(Set("p", Accepted("True")));
        await entered.Task;

        _writer.Want(Set("p", Accepted("Unknown")));
        _writer.Want(Set("p", Accepted("False")));
        release.SetResult();
        await _target.WhenAppliedAsync(2);

        Assert.Equal(["True", "False"], _target.Applied.Select(applied => applied.Json["status"]!["conditions"]![0]!["status"]!.GetValue<string>()));
    }

    [Fact]
    public async Task What_fails_is_tried_again_later_and_keeps_nobody_else_waiting()
    {
        var failures = 0;
        _target.Objects[new("n", "p")] = _target.Objects[new("n", "q")] = [];
        _target.Before = wanted => wanted.Object.Name == "p" && ++failures <= 2 ? throw StatusTargetInMemory.Refusal(500) : Task.CompletedTask;
        Lead();

        _writer.Want(Set("p", Accepted("True")));
        _writer.Want(Set("q", Accepted("True")));
        await _target.WhenAppliedAsync(1);
        for (var tries = 1; tries <= 2; tries++) // one second, then two
        {
            await _time.WhenPendingAsync(1);
            while (failures == tries)
            {
                _time.Advance(TimeSpan.FromSeconds(0.5));
                await Task.Yield();
            }
        }

        await _target.WhenAppliedAsync(2);
        await StopAsync(); // so the writers have counted, too
        Assert.Equal(["q", "p"], _target.Applied.Select(applied => applied.Json["metadata"]!["name"]!.GetValue<string>()));
        Assert.Equal((2, 2), (_writer.Written, _writer.Failed));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(422)]
    public async Task What_cannot_be_written_is_dropped(int code)
    {
        _target.Objects[new("n", "p")] = _target.Objects[new("n", "q")] = [];
        _target.Before = wanted => wanted.Object.Name == "p" ? throw StatusTargetInMemory.Refusal(code) : Task.CompletedTask;
        Lead();

        _writer.Want(Set("p", Accepted("True")));
        _writer.Want(Set("q", Accepted("True")));
        await _target.WhenAppliedAsync(1);
        await StopAsync();

        Assert.Equal(0, _writer.Waiting);
    }

    [Fact]
    public async Task What_a_waypoint_rejects_before_the_route_has_its_status_is_said_when_it_has()
    {
        var name = new ObjectName("n", "r");
        var early = new HttpRoute { Metadata = new() { Name = "r", Namespace = "n", Generation = 3, ResourceVersion = "1" } };
        _target.Routes[name] = early;
        Lead();

        _writer.Want(new(ResourceTypes.HttpRoute, name, FieldManagers.WaypointRejection, 3, [new() { Type = Rejections.WaypointRejected, Status = "True", Reason = "Rejected", Message = "m", ObservedGeneration = 3 }]));
        await _time.WhenPendingAsync(1).WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        _target.Routes[name] = early with { Status = new() { Parents = [JsonDocument.Parse($$"""{"parentRef":{"name":"web"},"controllerName":"{{StatusEntries.Controller}}","conditions":[]}""").RootElement] } };
        _time.Advance(TimeSpan.FromSeconds(2));
        await _target.WhenAppliedAsync(1);

        Assert.Contains(Rejections.WaypointRejected, _target.Applied.Single().Json.ToJsonString(), StringComparison.Ordinal);
    }

    private static Condition Foreign => new() { Type = "Programmed", Status = "True" };

    private static Condition Accepted(string status) =>
        new() { Type = "ZtunnelAccepted", Status = status, Reason = "Accepted", Message = "m", ObservedGeneration = 3 };

    private static ConditionSet Set(string name, params Condition[] conditions) =>
        new(ResourceTypes.AuthorizationPolicy, new("n", name), FieldManagers.ZtunnelPolicy, 3, conditions);

    private void Lead() => _leading = _writer.RunAsync(_stop.Token);

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _leading;
    }
}
