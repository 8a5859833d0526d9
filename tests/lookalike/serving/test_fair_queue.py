"""The line: fair by chat, in order within a chat, bounded, and nobody is left waiting when it stops."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.serving.fair_queue import FairQueue, QueueFull, Stopping, Ticket, WaitedTooLong


async def served(queue: FairQueue, tickets: list[tuple[int, int, Ticket]]) -> list[tuple[int, int]]:
    """Serve tickets one event at a time; returns (chat, number in chat) in the order their turns came."""
    order: list[tuple[int, int]] = []

    async def work(chat: int, number: int, ticket: Ticket) -> None:
        with ticket:
            await ticket.turn()
            order.append((chat, number))
            await asyncio.sleep(0)

    await asyncio.gather(*(work(*entry) for entry in tickets))
    return order


@given(chats=st.lists(st.integers(0, 4), min_size=1, max_size=30), slots=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_ticket_is_served_once_and_in_order_within_its_chat(chats: list[int], slots: int) -> None:
    async def run() -> list[tuple[int, int]]:
        queue = FairQueue(slots=slots, length=100)
        entries = [(chat, chats[:i].count(chat), queue.enter(chat)) for i, chat in enumerate(chats)]
        return await served(queue, entries)

    order = asyncio.run(run())
    assert sorted(order) == sorted((chat, chats[:i].count(chat)) for i, chat in enumerate(chats))
    for chat in set(chats):
        numbers = [number for other, number in order if other == chat]
        assert numbers == sorted(numbers)


@given(chats=st.lists(st.integers(0, 4), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_with_one_slot_the_told_number_is_the_real_one(chats: list[int]) -> None:
    async def run() -> tuple[list[tuple[int, int]], list[int]]:
        queue = FairQueue(slots=1, length=100)
        entries = [(chat, chats[:i].count(chat), queue.enter(chat)) for i, chat in enumerate(chats)]
        numbers = [ticket.number for _chat, _number, ticket in entries]
        return await served(queue, entries), numbers

    order, numbers = asyncio.run(run())
    for i, chat in enumerate(chats):
        assert order.index((chat, chats[:i].count(chat))) == numbers[i]


async def test_a_heavy_chat_waits_for_the_light_one() -> None:
    queue = FairQueue(slots=1, length=100)
    entries = [(1, i, queue.enter(1)) for i in range(5)] + [(2, 0, queue.enter(2))]
    assert (await served(queue, entries)).index((2, 0)) == 1


async def test_one_ticket_of_a_chat_at_a_time_however_many_slots() -> None:
    queue = FairQueue(slots=3, length=10)
    first, second = queue.enter(1), queue.enter(1)
    assert await first.turn(notice_s=0.01)
    assert not await second.turn(notice_s=0.01)
    queue.leave(first)
    assert await second.turn(notice_s=0.01)


async def test_one_more_than_the_length_is_declined_and_leaving_makes_room() -> None:
    queue = FairQueue(slots=1, length=1)
    queue.enter(1)
    waiting = queue.enter(1)
    with pytest.raises(QueueFull):
        queue.enter(2)
    queue.leave(waiting)
    queue.enter(2)


async def test_waiting_ends_at_its_limit() -> None:
    queue = FairQueue(slots=1, length=5)
    queue.enter(1)
    late = queue.enter(1)
    assert not await late.turn(notice_s=0.01, limit_s=1.0)
    with pytest.raises(WaitedTooLong):
        await late.turn(limit_s=0.01)


async def test_stopping_ends_waiting_and_working() -> None:
    queue = FairQueue(slots=1, length=5)
    at_work, waiting = queue.enter(1), queue.enter(2)
    ends: list[str] = []

    async def work() -> None:
        with at_work:
            await at_work.turn()
            try:
                with queue.working(limit_s=10):
                    await asyncio.sleep(10)
            except Stopping:
                ends.append("work")

    async def wait() -> None:
        with waiting:
            try:
                await waiting.turn()
            except Stopping:
                ends.append("wait")

    tasks = [asyncio.create_task(work()), asyncio.create_task(wait())]
    await asyncio.sleep(0.01)
    queue.stop()
    await asyncio.wait_for(asyncio.gather(*tasks), 1)
    assert sorted(ends) == ["wait", "work"]
    with pytest.raises(Stopping):
        queue.enter(3)


async def test_work_past_its_limit_is_ended_and_work_in_time_is_not_touched() -> None:
    queue = FairQueue(slots=1, length=5)
    with pytest.raises(TimeoutError), queue.working(limit_s=0.01):
        await asyncio.sleep(5)
    with queue.working(limit_s=5):
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)


async def test_a_cancellation_from_outside_stays_one() -> None:
    queue = FairQueue(slots=1, length=5)

    async def work() -> None:
        with queue.working(limit_s=5):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_is_cancelled_from_outside_stays_cancelled_when_the_queue_stops_too() -> None:
    queue = FairQueue(slots=1, length=10)
    begun = asyncio.Event()

    async def work() -> None:
        with queue.enter(1) as ticket:
            await ticket.turn()
            with queue.working(limit_s=60):
                begun.set()
                await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    queue.stop()
    await asyncio.sleep(0)  # the queue's own cancel is under way
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_who_steps_aside_lends_the_slot_and_keeps_the_chats_turn() -> None:
    queue = FairQueue(slots=1, length=10)
    with queue.enter(1) as first, queue.enter(1) as second, queue.enter(2) as other:
        await first.turn()
        assert first.step_aside()
        await asyncio.wait_for(other.turn(), 1)
        assert not second.come.done(), "answers within a chat keep their order"
        back = asyncio.create_task(first.come_back())
        await asyncio.sleep(0.01)
        assert not back.done(), "the slot is lent"
        queue.leave(other)
        await asyncio.wait_for(back, 1)
        assert queue.at_work == 1
        queue.leave(first)
        await asyncio.wait_for(second.turn(), 1)
    assert queue.at_work == queue.aside == queue.waiting == 0


async def test_only_so_many_stand_aside() -> None:
    queue = FairQueue(slots=2, length=10, most_aside=1)
    with queue.enter(1) as first, queue.enter(2) as second:
        await first.turn()
        await second.turn()
        assert first.step_aside()
        assert first.step_aside(), "stepping aside twice does nothing"
        assert not second.step_aside()
        assert queue.at_work == 1


async def test_time_aside_does_not_count_for_the_limit() -> None:
    queue = FairQueue(slots=1, length=10)
    with queue.enter(1) as ticket:
        await ticket.turn()
        ticket.step_aside()
        with queue.working(limit_s=0.05, ticket=ticket):
            await asyncio.sleep(0.3)
            await ticket.come_back()
        with pytest.raises(TimeoutError), queue.working(limit_s=0.05, ticket=ticket):
            await asyncio.sleep(3)
