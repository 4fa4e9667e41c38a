using Ambient.Model.Connections;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Connections;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Asks the policies of a pod about connections to it, when they begin and again when policies change.</summary>
/// <param name="level">At which decisions are logged.</param>
internal sealed partial class Authorizer(MeshState mesh, LogLevel level, ILogger<Authorizer> logger)
{
    public PolicyDecision Judge(Workload workload, in ConnectionAttributes connection)
    {
        var decision = PolicyEvaluator.Evaluate(mesh.Current.PoliciesFor(workload), connection, logger.IsEnabled(level) ? ReportDryRun : null);
        if (!decision.IsAllowed && logger.IsEnabled(level)) Log.Refused(logger, level, workload.Uid, decision);
        return decision;
    }

    /// <summary>For <see cref="ConnectionLedger.Rejudge"/>: by today's policies and today's attachment of them.</summary>
    public ReasonCode Rejudge(OpenConnection connection)
    {
        ref readonly var facts = ref connection.Facts;
        if (facts is not { Direction: Direction.Inbound, DestinationWorkload: { } then, Target: { } target, Source: { } source })
            return ReasonCode.None;
        // A workload that has left the mesh's records is judged as it was: its pod may still be draining.
        var workload = mesh.Current.FindWorkload(then.Uid) ?? then;
        var attributes = new ConnectionAttributes(facts.SourceIdentity, source.Address, target.Address, (ushort)target.Port);
        return Judge(workload, attributes).IsAllowed ? ReasonCode.None : ReasonCode.PolicyChanged;
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
