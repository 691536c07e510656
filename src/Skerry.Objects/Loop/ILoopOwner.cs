namespace Skerry.Objects.Loop;

/// <summary>What a loop tells the object it belongs to. Called inside the loop.</summary>
internal interface ILoopOwner
{
    /// <summary>An event begins. Must not throw.</summary>
    void TurnBegan();

    /// <summary>
    /// An event ended: commit what it wrote. With <paramref name="more"/> another one follows at once, and the commit may
    /// wait for it. Must not throw.
    /// </summary>
    void TurnEnded(bool more);

    /// <summary>Completes when everything the object has written so far is confirmed. Called inside the loop.</summary>
    Task LeaveAsync();

    /// <summary>Passes <paramref name="waiter"/> when everything the object has written so far is confirmed. Called inside the loop.</summary>
    void Leave(IGateWaiter waiter);

    /// <summary>Code of the object threw where no caller can be told (<c>async void</c>).</summary>
    void Faulted(Exception error);
}

/// <summary>An event that wants to know that the input gate holds it back.</summary>
internal interface IGateObserver
{
    /// <summary>The event waits for <paramref name="holder"/>. False withdraws the event: waiting would never end.</summary>
    bool Held(CriticalSection holder);
}
