"""The page of one plate: when it came, notes, lists."""

from playwright.sync_api import expect


def test_it_tells_all_that_is_known(gate, browse, address):
    for days in (0, 0, 3):
        gate.comes("PLT001", ago_s=days * 86_400, told=False, owner={"name": "Anna Miller"})
    gate.comes("PLTO01", told=False)
    page = browse(f"{address}/plates/PLT001")
    expect(page.locator(".plate-head")).to_contain_text("3 events")
    expect(page.locator(".calendar a")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("Anna Miller")
    expect(page.locator(".near")).to_contain_text("PLTO01")
    expect(page.locator(".event-row")).to_have_count(3)
    page.locator(".calendar a").last.click()
    page.wait_for_url("**/events?plate=PLT001&since=*")
    expect(page.locator(".event-row")).to_have_count(2)


def test_a_plate_that_never_came_has_a_page(browse, address):
    page = browse(f"{address}/plates/NEVER1")
    expect(page.locator(".plate-head")).to_contain_text("never")


def test_notes_are_written_and_deleted(gate, browse, address):
    page = browse(f"{address}/plates/NOTE01")
    page.get_by_role("textbox", name="A new note").fill("Parks on the lawn <b>always</b>")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".note")).to_contain_text("Parks on the lawn <b>always</b>")
    page.get_by_role("button", name="Delete this note").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".notes")).to_have_text("Nothing is noted.")
    assert gate.archive.notes("NOTE01") == []


def test_it_is_put_on_a_list_and_taken_off(gate, browse, address):
    page = browse(f"{address}/plates/LST001")
    page.locator(".add-to-list summary").click()
    page.get_by_label("Note", exact=True).fill("deliveries")
    page.get_by_role("button", name="Put on the list").click()
    expect(page.locator(".match")).to_contain_text("deliveries")
    page.get_by_role("button", name="Take off the list residents").click()
    page.get_by_role("dialog").get_by_role("button", name="Take off").click()
    expect(page.locator(".matches")).to_have_text("On no list.")
