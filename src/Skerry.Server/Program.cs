using Skerry.Server;

return await SkerryProcess.RunAsync(args);
