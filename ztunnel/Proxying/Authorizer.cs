using Ambient.Model.Connections;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Connections;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Asks the policies of a pod about connections to it, when they begin and again when policies change.</summary>
/// <param name="level">At which decisions are logged.</param>
/// <remarks>
/// A workload and the policies that it names arrive in two messages. While one that it names is missing, a new connection waits for
/// it a little, and is refused then; an open one goes on until there is something to judge it by.
/// </remarks>
internal sealed partial class Authorizer(MeshState mesh, TimeProvider time, LogLevel level, ILogger<Authorizer> logger)
{
    private static readonly TimeSpan PolicyWait = TimeSpan.FromSeconds(2);

    /// <summary>As <see cref="Judge"/>, for a new connection.</summary>
    public ValueTask<PolicyDecision> JudgeNewAsync(Workload workload, in ConnectionAttributes connection)
    {
        var decision = Judge(workload, connection);
        return decision.Reason == ReasonCode.PolicyMissing ? JudgeOnceKnownAsync(workload, connection, decision) : new(decision);
    }

    private async ValueTask<PolicyDecision> JudgeOnceKnownAsync(Workload workload, ConnectionAttributes connection, PolicyDecision missing)
    {
        using var patience = new CancellationTokenSource(PolicyWait, time);
        try
        {
            await mesh.WaitForAsync(snapshot =>
                (snapshot.FindWorkload(workload.Uid) ?? workload) is var latest && snapshot.PoliciesFor(latest).Missing.IsEmpty ? latest : null, patience.Token);
            return Judge(workload, connection);
        }
        catch (OperationCanceledException)
        {
            return missing;
        }
    }

    /// <summary>By today's policies, and today's attachment of them: the caller may have known the workload for a while.</summary>
    /// <remarks>A workload that has left the mesh's records is judged as it was: its pod may still be draining.</remarks>
    public PolicyDecision Judge(Workload workload, in ConnectionAttributes connection)
    {
        var today = mesh.Current;
        var policies = today.PoliciesFor(today.FindWorkload(workload.Uid) ?? workload);
        var decision = PolicyEvaluator.Evaluate(policies, connection, logger.IsEnabled(level) ? ReportDryRun : null);
        if (!decision.IsAllowed && logger.IsEnabled(level)) Log.Refused(logger, level, workload.Uid, decision);
        return decision;
    }

    /// <summary>For <see cref="ConnectionLedger.Rejudge"/>.</summary>
    public ReasonCode Rejudge(OpenConnection connection) => Rejudge(connection.Facts);

    internal ReasonCode Rejudge(in ConnectionFacts facts)
    {
        if (facts is not { Direction: Direction.Inbound, IsOlder: false, DestinationWorkload: { } workload, Target: { } target, Source: { } source })
            return ReasonCode.None;
        var attributes = new ConnectionAttributes(facts.SourceIdentity, source.Address, target.Address, (ushort)target.Port);
        var decision = Judge(workload, attributes);
        return decision.Reason switch
        {
            _ when decision.IsAllowed => ReasonCode.None,
            ReasonCode.PolicyMissing => ReasonCode.None,
            ReasonCode.WaypointRequired => ReasonCode.WaypointRequired,
            _ => ReasonCode.PolicyChanged,
        };
    }

    private void ReportDryRun(DryRunOutcome outcome, AuthorizationPolicy? policy) => Log.DryRun(logger, level, outcome, policy?.Name);

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 603.
    private static partial class Log
    {
        [LoggerMessage(EventId = 601, Message = "Refused a connection to {Workload}: {Decision}")]
        public static partial void Refused(ILogger logger, LogLevel level, string workload, PolicyDecision decision);

        [LoggerMessage(EventId = 602, Message = "Dry run: {Outcome} {Policy}")]
        public static partial void DryRun(ILogger logger, LogLevel level, DryRunOutcome outcome, string? policy);
    }
}
