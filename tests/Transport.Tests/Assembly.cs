// Tests here count descriptors and allocations of the process, so they take turns.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
