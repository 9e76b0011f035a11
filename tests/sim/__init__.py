"""The whole flow in one process and one thread: the product's own code between a simulated venue and a virtual clock.

    turned_clock  core.clock turned by hand
    world         chance, and what goes on next: a heap of moments, and a greenlet for each task
    faults        how hostile a run is
    worker        the worker process: tasks side by side, and what a kill makes it forget
    seams         transactions, which fail, wait, or are the process's last
    broker        messages lost, doubled, late; Redis away or emptied
    venue         the simulated exchange's own calls, behind wires on which requests and replies get lost
    streams       the listeners, whose events get lost, doubled and late, and the market process
    user          who starts, changes, stops and resets grids, and trades by hand beside them
    upsets        halts, refused keys, odd marks
    run           the storm, and the calm after it
    steps         or, on a quiet market, one saga with a kill at each of its steps
    judge, books  what must be true then

Task code runs as it is. Only what does input and output is replaced, each at one place: core.clock, the session's
begin and commit, RestClient.request, the sender's connections, Celery's send_task, the Redis client.
"""
