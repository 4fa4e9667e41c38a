using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

// What people learn of it.
internal sealed partial class AuthorityController
{
    private static readonly TimeSpan WarnBeforeEnd = TimeSpan.FromDays(7);

    private void SetReport(AuthorityState state, string? problem)
    {
        problem ??= EndOf(state);
        if (problem is null && _report.Problem is not null)
            Log.Healed(_logger, state.Current.Subject);
        else if (problem is not null && problem != _report.Problem)
            Log.Rejected(_logger, problem);
        _report = new(state.Current.Subject, state.Current.NotAfter, state.Phase, _rotation.PhaseEnds(state), state.Roots.Count,
            state.LongestLeaf, problem);
    }

    private void Reject(string problem)
    {
        if (problem != _report.Problem)
            Log.Rejected(_logger, problem);
        _report = _report with { Problem = problem };
    }

    // A root is renewed by itself; an authority that was brought must be renewed by who brought it.
    private string? EndOf(AuthorityState state)
    {
        if (state.Next is not null || _time.GetUtcNow() < state.Current.NotAfter - WarnBeforeEnd)
            return null;
        return $"The authority's chain '{state.Current.Subject}' ends at {state.Current.NotAfter:u}, certificates get shorter until then. " +
            $"Put a renewed one into the Secret {PluggedInAuthority.Name}.";
    }

    private void LogStep(AuthorityState before, AuthorityState after)
    {
        var (from, to) = (before.Phase, after.Phase);
        if (before.Current.Fingerprint != after.Current.Fingerprint)
            Log.Switched(_logger, before.Current.Subject, after.Current.Subject, to);
        if (from != to)
            Log.Step(_logger, from, to, after.Roots.Count, _rotation.PhaseEnds(after));
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1108.
    private static partial class Log
    {
        [LoggerMessage(1101, LogLevel.Information, "Secret {Secret} made: '{Signer}' signs until {NotAfter}")]
        public static partial void Made(ILogger logger, string secret, string signer, DateTimeOffset notAfter);

        [LoggerMessage(1102, LogLevel.Information, "Root rotation: {From} → {To}, {Roots} roots trusted, next step not before {Ends}")]
        public static partial void Step(ILogger logger, RotationPhase from, RotationPhase to, int roots, DateTimeOffset? ends);

        [LoggerMessage(1103, LogLevel.Information, "'{After}' signs from now on, no longer '{Before}' ({Phase})")]
        public static partial void Switched(ILogger logger, string before, string after, RotationPhase phase);

        [LoggerMessage(1104, LogLevel.Error, "The authority stays as it was: {Problem}")]
        public static partial void Rejected(ILogger logger, string problem);

        [LoggerMessage(1105, LogLevel.Information, "The authority '{Signer}' is in order again")]
        public static partial void Healed(ILogger logger, string signer);

        [LoggerMessage(1106, LogLevel.Information, "Certificates may now live {Hours} h: root rotations wait that long")]
        public static partial void LongerLife(ILogger logger, double hours);

        [LoggerMessage(1107, LogLevel.Warning, "A life of {Hours} h could not be recorded, so a shorter certificate is granted: {Error}")]
        public static partial void LifeNotRecorded(ILogger logger, double hours, string error);
    }
}
