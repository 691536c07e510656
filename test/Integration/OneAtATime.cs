// Each test has a fleet of processes to itself, and looks at how it behaves under load: two at a time would disturb each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
