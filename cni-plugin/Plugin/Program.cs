using Ambient.CniPlugin;

// The only reader of the environment; the runtime's whole request is there and on standard input (CNI specification, "Execution protocol").
var standardInput = Console.OpenStandardInput();
var standardOutput = Console.OpenStandardOutput();
#pragma warning disable RS0030
var variables = new CniVariables(Environment.GetEnvironmentVariable);
#pragma warning restore RS0030
var answer = new Plugin(TimeProvider.System, Console.Error.WriteLine).Run(variables, standardInput);
standardOutput.Write(answer.Output);
return answer.ExitCode;
