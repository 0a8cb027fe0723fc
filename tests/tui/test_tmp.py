import time
async def test_a(start):
    t=time.time()
    async with start(project=1) as ui:
        print(time.time()-t); t=time.time()
        print(ui.text)
        await ui.ask_to_delete("f102")
        print(time.time()-t); t=time.time()
        print(ui.text)
        await ui.press("y")
        await ui.see("Done")
        print(time.time()-t); t=time.time()
        print(ui.text, ui.neptun.deletes)
    print(time.time()-t); t=time.time()
async def test_b(start, size):
    t=time.time()
    async with start(size,project=8) as ui:
        print(time.time()-t); t=time.time()
        print(ui.text)
        await ui.ask_to_delete("i120")
        print(ui.text)
        await ui.type("120"); await ui.press("enter")
        await ui.see("Done")
        print(ui.text)
