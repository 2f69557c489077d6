"""The words of the simulated province. Every name and number is made up; nobody is meant."""

from __future__ import annotations

#: «Mẫu» is a sample, «Thử» a trial, «Ví Dụ» an example: no name of a person.
REPORTERS = (
    "Nguyễn Văn Mẫu",
    "Trần Thị Thử",
    "Lê Văn Ví Dụ",
    "Phạm Thị Minh Hoạ",
    "Hoàng Văn Giả Định",
    "Vũ Thị Mô Phỏng",
)
CHANNELS = ("app", "app", "app", "zalo", "web", "phone")

#: Category -> what people write about it.
REPORTS = {
    "road": (
        "Ổ gà lớn trước cổng chợ, xe máy dễ ngã",
        "Nắp cống bị vỡ giữa đường",
        "Mặt đường sụt lún sau mưa",
    ),
    "lighting": ("Đèn đường hỏng cả đoạn dài", "Đèn đường bật cả ban ngày"),
    "waste": ("Rác thải để nhiều ngày chưa thu gom", "Đổ trộm phế thải xây dựng ven đường"),
    "water": ("Mất nước sinh hoạt từ sáng", "Đường ống nước rò rỉ trên vỉa hè"),
    "noise": ("Hát karaoke gây ồn sau 22 giờ",),
    "traffic": ("Đèn tín hiệu giao thông không hoạt động", "Xe tải đỗ lấn lòng đường"),
    "tree": ("Cành cây gãy chắn vỉa hè",),
    "order": ("Lấn chiếm vỉa hè để bán hàng",),
}
FLOOD_REPORTS = {
    "flooding": (
        "Nước ngập ngang bánh xe, không đi được",
        "Nước tràn vào nhà dân",
        "Ngầm tràn ngập sâu, đã có người quay lại",
    ),
    "power": ("Mất điện toàn xóm", "Cột điện nghiêng sau gió lớn"),
    "tree": ("Cây đổ chắn ngang đường", "Cây đổ vào mái nhà"),
    "landslide": ("Sạt lở taluy, đất tràn xuống đường",),
}
FLOOD_SOS = (
    "Nhà bị nước bao quanh, có người già và trẻ nhỏ",
    "Xe bị cuốn ở ngầm tràn, cần cứu hộ",
    "Đất sạt vào nhà, có người bị kẹt",
)
FIRE_SOS = (
    "Cháy ở chợ, khói rất nhiều",
    "Có người mắc kẹt ở tầng 2 của chợ",
    "Cháy ki-ốt vải, lửa đang lan",
    "Có người ngạt khói ở cổng chợ",
)
SERVICES = ("land", "civil-status", "certification", "business", "construction", "insurance")
