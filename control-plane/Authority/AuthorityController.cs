using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>
/// Keeps <see cref="CertificateAuthority"/> at what the Secrets say, makes the first root, and takes the steps of a rotation:
/// READ THIS FIRST for how a root comes into force. A replica uses only what it has read back from the API server, and
/// writes only over the version it has read, so replicas never differ for longer than a watch event takes.
/// </summary>
internal sealed partial class AuthorityController : ILeafLifetimes
{
    // Another replica may be faster a few times; more often something else is wrong.
    private const int MaxConflicts = 10;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly IAuthoritySecrets _secrets;
    private readonly CertificateAuthority _authority;
    private readonly AuthorityOptions _options;
    private readonly Func<bool> _leads;
    private readonly TimeProvider _time;
    private readonly ILogger<AuthorityController> _logger;
    private readonly RootRotation _rotation;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SemaphoreSlim _wake = new(0);

    // Both under _turn. What was read last is not parsed again.
    private (string? Version, Signer? Signer) _pluggedIn;
    private (string? Version, AuthorityState State)? _held;
    private volatile string? _revocations;
    private volatile AuthorityReport _report = AuthorityReport.NotRead;

    /// <param name="leads">Whether this replica takes the steps of a rotation; all replicas follow them.</param>
    public AuthorityController(IAuthoritySecrets secrets, CertificateAuthority authority, AuthorityOptions options, Func<bool> leads,
        TimeProvider time, ILogger<AuthorityController> logger)
    {
        (_secrets, _authority, _options, _leads, _time, _logger) = (secrets, authority, options, leads, time, logger);
        _rotation = new RootRotation(options, now => Signer.Load(RootKey.Create(options.TrustDomain, now, options.RootLifetime), now));
    }

    /// <summary>For status pages: no secrets.</summary>
    public AuthorityReport Report => _report;

    /// <summary>Revocation lists that came with the plugged-in authority, PEM; null if there are none.</summary>
    public string? Revocations => _revocations;

    /// <summary>After <see cref="Revocations"/> has changed, be it alone.</summary>
    public event Action? RevocationsChanged;

    /// <summary>Something about the Secrets or the leadership has changed: look now, not only at the next minute.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    /// <summary>Reconciles until <paramref name="stop"/> fires; errors are reported and tried again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var pause = LongestPause < _options.DistributionTime / 8 ? LongestPause : _options.DistributionTime / 8;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ReconcileAsync(stop);
                await PauseAsync(pause, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                Reject(error.Message);
                await PauseAsync(TimeSpan.FromSeconds(2), stop);
            }
        }
    }

    /// <summary>Brings what the Secrets say into force, and takes the steps that are due.</summary>
    /// <exception cref="AuthorityException">InvalidMaterial: a Secret is damaged; what was in force stays.</exception>
    public async Task ReconcileAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            var problem = await ReadPluggedInAsync(stop);
            for (var attempt = 0; attempt < MaxConflicts; attempt++)
            {
                if (await TryStepAsync(problem, stop))
                    return;
            }
            throw new AuthorityException(AuthorityFailure.Unavailable,
                $"Secret {AuthoritySecret.Name} was changed by others {MaxConflicts} times while this replica tried to; who writes it?");
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task RecordAsync(TimeSpan lifetime, CancellationToken stop)
    {
        try
        {
            await RecordLifetimeAsync(lifetime, stop);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Log.LifeNotRecorded(_logger, lifetime.TotalHours, error.Message);
        }
    }

    /// <summary>Records that leaves of this life exist, so that every later rotation waits for them. Returns once it is written.</summary>
    /// <exception cref="Exception">It could not be written: grant a shorter life.</exception>
    internal async Task RecordLifetimeAsync(TimeSpan lifetime, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            for (var attempt = 0; attempt < MaxConflicts; attempt++)
            {
                if (await _secrets.FindAsync(AuthoritySecret.Name, stop) is not { } secret)
                    break;
                var state = Read(secret);
                if (state.LongestLeaf >= lifetime)
                {
                    Adopt(secret, state);
                    return;
                }
                var longer = state with { LongestLeaf = LifetimeSteps.RoundUp(lifetime, _options.MaxLeafLifetime) };
                if (await _secrets.TryReplaceAsync(secret with { Data = AuthoritySecret.Write(longer) }, stop))
                    Log.LongerLife(_logger, longer.LongestLeaf.TotalHours);
            }
            throw new AuthorityException(AuthorityFailure.Unavailable, $"Secret {AuthoritySecret.Name} could not be written.");
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var waiting = _wake.WaitAsync(ended.Token);
        await Task.WhenAny(waiting, Task.Delay(pause, _time, ended.Token));
        await ended.CancelAsync();
    }

    /// <returns>False if another replica was faster: read again.</returns>
    private async Task<bool> TryStepAsync(string? problem, CancellationToken stop)
    {
        if (await _secrets.FindAsync(AuthoritySecret.Name, stop) is not { } secret)
        {
            await MakeAsync(problem, stop);
            return false; // whoever made it: use what is there
        }

        var state = Read(secret);
        var input = new RotationInput(_pluggedIn.Signer, _pluggedIn.Version is not null,
            secret.Metadata.Annotation(AuthoritySecret.RotateAnnotation), _time.GetUtcNow());
        var next = _rotation.Advance(state, input);
        if (_leads() && Differs(state, next))
        {
            if (await _secrets.TryReplaceAsync(secret with { Data = AuthoritySecret.Write(next) }, stop))
                LogStep(state, next);
            return false;
        }
        Adopt(secret, state);
        SetReport(state, problem);
        return true;
    }

    private async Task MakeAsync(string? problem, CancellationToken stop)
    {
        if (_held is null && _pluggedIn.Version is not null && _pluggedIn.Signer is null)
            throw new AuthorityException(AuthorityFailure.InvalidMaterial, problem!); // they want their own authority: do not invent another
        var now = _time.GetUtcNow();
        // A Secret that was deleted comes back as it was: a new root would cut off everybody who has a certificate.
        var state = _held?.State ?? AuthorityState.First(_pluggedIn.Signer ??
            Signer.Load(RootKey.Create(_options.TrustDomain, now, _options.RootLifetime), now), _options.DefaultLeafLifetime);
        var secret = new Secret
        {
            ApiVersion = ResourceTypes.Secret.ApiVersion,
            Kind = ResourceTypes.Secret.Kind,
            Metadata = new() { Name = AuthoritySecret.Name, Namespace = _options.SystemNamespace },
            Type = AuthoritySecret.Type,
            Data = AuthoritySecret.Write(state),
        };
        if (await _secrets.TryCreateAsync(secret, stop))
            Log.Made(_logger, AuthoritySecret.Name, state.Current.Subject, state.Current.NotAfter);
    }

    private AuthorityState Read(Secret secret) => _held is { } held && held.Version == secret.Metadata.ResourceVersion
        ? held.State
        : AuthoritySecret.Read(secret, _options.MaxLeafLifetime, _time.GetUtcNow());

    /// <returns>What is wrong with the plugged-in authority; null if nothing is.</returns>
    private async Task<string?> ReadPluggedInAsync(CancellationToken stop)
    {
        var secret = await _secrets.FindAsync(PluggedInAuthority.Name, stop);
        if (secret is not null && secret.Metadata.ResourceVersion == _pluggedIn.Version && _pluggedIn.Signer is not null)
            return null;
        _pluggedIn = (secret?.Metadata.ResourceVersion, null);
        if (secret is null)
            return null;
        try
        {
            UseRevocations(PluggedInAuthority.ReadRevocations(secret)); // first: they count also beside an authority that cannot be used
            _pluggedIn.Signer = PluggedInAuthority.ReadSigner(secret, _time.GetUtcNow());
            return null;
        }
        catch (AuthorityException error)
        {
            return error.Message;
        }
    }

    private void UseRevocations(string? lists)
    {
        var before = _revocations;
        _revocations = lists;
        if (lists != before)
            RevocationsChanged?.Invoke();
    }

    private void Adopt(Secret secret, AuthorityState state)
    {
        if (_held?.State != state)
            _authority.Use(new(state.Current, state.RootsPem, state.LongestLeaf));
        else
            _authority.Confirm();
        _held = (secret.Metadata.ResourceVersion, state);
    }

    // Secrets are compared as they would be written: equal content is no step.
    private static bool Differs(AuthorityState state, AuthorityState next)
    {
        var (before, after) = (AuthoritySecret.Write(state), AuthoritySecret.Write(next));
        return before.Count != after.Count || before.Any(entry => !after.TryGetValue(entry.Key, out var value) || !entry.Value.AsSpan().SequenceEqual(value));
    }
}
