using Ambient.Playground.Lab;

await using var lab = await NetworkLab.CreateAsync("n1", "n2");
var web = await lab.Nodes[0].AddPodAsync("web");
var cart = await lab.Nodes[1].AddPodAsync("cart");
Console.WriteLine((await web.RunAsync("ping", ["-c1", "-W2", $"{cart.Address.V4}"])).Output);
Console.WriteLine((await web.RunAsync("ping", ["-c1", "-W2", $"{cart.Address.V6}"])).Output);
return 0;
