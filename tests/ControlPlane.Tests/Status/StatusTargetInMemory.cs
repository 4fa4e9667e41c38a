using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Status;

/// <summary>Objects and what was applied to them.</summary>
internal sealed class StatusTargetInMemory : IStatusTarget
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Dictionary<ObjectName, IReadOnlyList<Condition>> Objects { get; } = [];

    public List<(string FieldManager, JsonNode Json)> Applied { get; } = [];

    /// <summary>Called before each apply; may throw or wait.</summary>
    public Func<ConditionSet, Task> Before { get; set; } = _ => Task.CompletedTask;

    public IReadOnlyList<Condition>? Shown(ResourceKind kind, ObjectName name) => Objects.GetValueOrDefault(name);

    public async Task ApplyAsync(ConditionSet wanted, ReadOnlyMemory<byte> json, CancellationToken stop)
    {
        await Before(wanted);
        lock (_gate)
        {
            Applied.Add((wanted.FieldManager, JsonNode.Parse(Encoding.UTF8.GetString(json.Span))!));
            Objects[wanted.Object] = wanted.Conditions;
            _applied.SetResult();
            _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public Dictionary<ObjectName, RouteObject> Routes { get; } = [];

    public StatusEntries? FindEntries(ResourceKind kind, ObjectName name) => StatusEntries.Of(Routes.GetValueOrDefault(name));

    public Task PatchAsync(ConditionSet wanted, ReadOnlyMemory<byte> patch, CancellationToken stop) => ApplyAsync(wanted, patch, stop);

    /// <summary>Returns once so many were applied.</summary>
    public async Task WhenAppliedAsync(int count)
    {
        while (true)
        {
            Task next;
            lock (_gate)
            {
                if (Applied.Count >= count) return;
                next = _applied.Task;
            }

            await next.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public static ApiException Refusal(int code) => new((System.Net.HttpStatusCode)code, "Test", "refused");
}
