using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniPlugin;

/// <summary>One command of the container runtime, from question to answer. READ THIS FIRST.</summary>
/// <remarks>
/// It decides almost nothing: whether a pod takes part is the node agent's to say, and without the agent no pod starts, so
/// none runs outside the mesh by accident. Pods that the agent itself may depend on are never asked about: those with the
/// node's own network, and those of the namespaces which the configuration names, where the mesh itself lives.
/// </remarks>
/// <param name="warn">For what goes wrong and must not stop the runtime: a line on standard error.</param>
internal sealed class Plugin(TimeProvider time, Action<string> warn)
{
    /// <summary>Never throws: every failure is an answer.</summary>
    public CniAnswer Run(CniVariables variables, Stream standardInput)
    {
        var version = CniVersion.Newest;
        try
        {
            var command = variables.Command;
            var configuration = CniConfiguration.Read(standardInput);
            if (command == "VERSION")
                return CniAnswer.Versions(CniVersion.Supported.Contains(configuration.CniVersion) ? configuration.CniVersion : version);
            CniVersion.RequireFor(command, configuration.CniVersion);
            version = configuration.CniVersion;
            return Run(command, variables, configuration);
        }
        catch (CniException error)
        {
            return CniAnswer.Failure(version, error);
        }
        catch (Exception error)
        {
            return CniAnswer.Failure(version, new CniException(
                CniErrorCode.Unexpected, $"the plugin failed: {error.Message}", $"{error.GetType().Name}. Please report this."));
        }
    }

    private CniAnswer Run(string command, CniVariables variables, CniConfiguration configuration) => command switch
    {
        "ADD" => Add(variables, configuration),
        "DEL" => Delete(variables, configuration),
        "CHECK" => Check(variables, configuration),
        "GC" => Collect(configuration),
        "STATUS" => CniAnswer.Done, // the mesh's own pods can always start, and with an error no kubelet would start them
        _ => throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_COMMAND is '{Shown.Of(command)}'",
            "Expected is ADD, DEL, CHECK, GC, STATUS or VERSION."),
    };

    private CniAnswer Add(CniVariables variables, CniConfiguration configuration)
    {
        var pod = variables.Arguments;
        var request = AgentRequest.Add(pod, variables, configuration.Addresses());
        if (NeedsAgent(pod, variables.Netns, configuration))
            Agent(configuration).Ask(request);
        return CniAnswer.Result(configuration);
    }

    private CniAnswer Check(CniVariables variables, CniConfiguration configuration)
    {
        var pod = variables.Arguments;
        var request = AgentRequest.Check(pod, variables, configuration.Addresses());
        if (NeedsAgent(pod, variables.Netns, configuration))
            Agent(configuration).Ask(request);
        return CniAnswer.Done;
    }

    // The specification wants DEL to succeed whatever is gone already, and a failure would keep the pod from ending. An
    // agent that is away learns from the API that the pod is gone.
    private CniAnswer Delete(CniVariables variables, CniConfiguration configuration)
    {
        var pod = variables.Arguments;
        var request = AgentRequest.Delete(pod, variables);
        if (!pod.IsPod || configuration.ExemptNamespaces.Contains(pod.PodNamespace))
            return CniAnswer.Done;
        try
        {
            Agent(configuration).Ask(request);
        }
        catch (CniException error)
        {
            warn($"DEL {pod.PodNamespace}/{pod.PodName}: {error.Message}: {error.Details}");
        }
        return CniAnswer.Done;
    }

    private CniAnswer Collect(CniConfiguration configuration)
    {
        if (configuration.ValidContainers is { } valid)
            Agent(configuration).Ask(AgentRequest.Collect(valid));
        return CniAnswer.Done;
    }

    private static bool NeedsAgent(CniArguments pod, string netns, CniConfiguration configuration) =>
        pod.IsPod && !configuration.ExemptNamespaces.Contains(pod.PodNamespace) && !IsNodes(netns);

    // The runtime runs plugins in the node's network namespace.
    private static bool IsNodes(string path)
    {
        try
        {
            using var node = NetworkNamespace.Current();
            using var pod = NetworkNamespace.Open(path);
            return node.Key == pod.Key;
        }
        catch (LinuxException error)
        {
            throw new CniException(CniErrorCode.InputOutput, $"the network namespace {path} cannot be opened", error.Message);
        }
    }

    private AgentClient Agent(CniConfiguration configuration) => new(configuration.Socket, time);
}
