using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.CniPlugin.Tests;

/// <summary>Whatever comes in, the answer is one that a runtime can read, and a pod that could not be asked about does not start.</summary>
public sealed class PluginProperties
{
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "cniVersion", "1.0.0", "1.1.0", "prevResult", "ips", "address", "10.0.0.5/24", "null", "-1", "1e9999",
        "exclude_namespaces", "cni.dev/valid-attachments", "containerID", "cni_agent_run_dir", "/nowhere", "\ud800", "\u0000", "K8S_POD_NAME", "=", ";", "é",
    ];

    [Fact]
    public void Any_input_gets_an_answer_that_a_runtime_can_read() => Check.QuickThrowOnFailure(Prop.ForAll(Texts(), Texts(), Commands(), (input, arguments, command) =>
    {
        var call = new Invocation().With("CNI_COMMAND", command).With("CNI_ARGS", arguments);

        var (output, text, exit) = call.Run(input);

        return exit == 0
            ? text.Length == 0 || output.ValueKind == JsonValueKind.Object
            : output.GetProperty("code").GetInt32() is > 0 and not 999 && output.GetProperty("msg").GetString()!.Length > 0;
    }));

    [Fact]
    public void A_changed_byte_never_starts_a_pod_that_the_agent_was_not_asked_about()
    {
        const string Valid = """{"cniVersion":"1.0.0","name":"n","type":"ambient-cni","cni_agent_run_dir":"/nowhere","prevResult":{"ips":[{"address":"10.0.0.5/24"}]}}""";

        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(0, Valid.Length - 1).ToArbitrary(), Gen.Choose(0, 255).ToArbitrary(), (at, value) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Valid);
            bytes[at] = (byte)value;
            var answer = new Plugin(TimeProvider.System, static _ => { }).Run(
                new CniVariables(name => new Invocation().Variables.GetValueOrDefault(name)), new MemoryStream(bytes));
            return answer.ExitCode == 1 && JsonDocument.Parse(answer.Output).RootElement.GetProperty("code").GetInt32() != 999;
        }));
    }

    [Fact]
    public void Arguments_are_read_as_they_were_written() => Check.QuickThrowOnFailure(Prop.ForAll(Names(), Names(), Names(), (of, name, uid) =>
        CniArguments.Parse($"IgnoreUnknown=1;K8S_POD_UID={uid};X==;K8S_POD_NAMESPACE={of};;K8S_POD_NAME={name}") == new CniArguments(of, name, uid)));

    private static Arbitrary<string> Texts() =>
        Gen.Elements(Pieces).ListOf().Select(static pieces => string.Concat(pieces)).ToArbitrary();

    private static Arbitrary<string> Commands() => Gen.Elements("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "add").ToArbitrary();

    private static Arbitrary<string> Names() =>
        Gen.Elements("abcz0129-.".ToCharArray()).ListOf(8).Select(static letters => string.Concat(letters)).ToArbitrary();
}
