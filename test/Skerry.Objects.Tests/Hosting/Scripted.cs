using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Skerry.Objects.Tests.Hosting;

/// <summary>An object whose code each test brings along.</summary>
public interface IScripted : IDurableObject
{
    /// <summary>Runs the script that <see cref="Script.Keep"/> keeps under a number.</summary>
    Task<object?> Run(int script);

    Task<List<int>> Echo(List<int> list, CancellationToken cancel);

    /// <summary>Runs until it is cancelled.</summary>
    Task Cancellable(CancellationToken cancel);

    Task<Plain> Same(Plain plain);

    Task<Sealed> Share(Sealed value);
}

/// <summary>A class that knows of no serializer.</summary>
public sealed class Plain
{
    public string Name { get; set; } = "";

    public List<int> Numbers { get; set; } = [];
}

public sealed record Sealed(string Name, int Number);

/// <inheritdoc cref="IScripted"/>
public sealed class Scripted : DurableObject, IScripted
{
    private readonly Script _script;

    public Scripted(Scripts scripts)
    {
        _script = scripts.For(Id.Name ?? Id.ToString());
        Interlocked.Increment(ref _script.Begun);
        _script.Constructor?.Invoke(this);
    }

    public new DurableObjectId Id => base.Id;

    public new SqlStorage Sql => base.Sql;

    public new KvStorage Kv => base.Kv;

    public new ObjectStorage Storage => base.Storage;

    public new ObjectContext Context => base.Context;

    /// <summary>What lives in memory only.</summary>
    public List<string> Memory { get; } = [];

    public List<int>? Kept { get; set; }

    public Sealed? Shared { get; set; }

    public Task<object?> Run(int script) => Script.Kept[script](this);

    public Task<List<int>> Echo(List<int> list, CancellationToken cancel)
    {
        Kept = list;
        return Task.FromResult(list);
    }

    public Task Cancellable(CancellationToken cancel) => Task.Delay(Timeout.Infinite, cancel);

    public Task<Plain> Same(Plain plain) => Task.FromResult(plain);

    public Task<Sealed> Share(Sealed value) => Task.FromResult(Shared = value);

    public override Task Fetch(HttpContext context) => _script.Fetch!(this, context);

    public override Task Alarm(AlarmInfo info) => _script.Alarm!(this, info);

    public override Task WebSocketMessage(ObjectWebSocket socket, WebSocketMessage message) =>
        _script.Message!(this, socket, message);

    public override Task WebSocketClose(ObjectWebSocket socket, int code, string reason, bool wasClean) =>
        _script.Closed?.Invoke(this, socket, code, wasClean) ?? Task.CompletedTask;

    public int Count => Sql.Exec<int>("SELECT count(*) FROM t").One();

    public void Insert() => Sql.Exec("CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)");

    public bool HasTable => Sql.Exec<int>("SELECT count(*) FROM sqlite_schema WHERE name = 't'").One() == 1;
}

/// <summary>What one object does, and how often it began.</summary>
public sealed class Script
{
    private static int s_next;

    public int Begun;

    internal static ConcurrentDictionary<int, Func<Scripted, Task<object?>>> Kept { get; } = new();

    public Action<Scripted>? Constructor { get; set; }

    public Func<Scripted, HttpContext, Task>? Fetch { get; set; }

    public Func<Scripted, AlarmInfo, Task>? Alarm { get; set; }

    public Func<Scripted, ObjectWebSocket, WebSocketMessage, Task>? Message { get; set; }

    public Func<Scripted, ObjectWebSocket, int, bool, Task>? Closed { get; set; }

    public static int Keep(Func<Scripted, Task<object?>> script)
    {
        var key = Interlocked.Increment(ref s_next);
        Kept[key] = script;
        return key;
    }
}

/// <summary>The scripts of a node's objects, by name.</summary>
public sealed class Scripts
{
    private readonly ConcurrentDictionary<string, Script> _scripts = new();

    public Script For(string name) => _scripts.GetOrAdd(name, static _ => new Script());
}
